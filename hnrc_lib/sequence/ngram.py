"""N-gram models of words and of characters: Witten–Bell estimates in back-off form."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

SENTENCE_START = "<s>"
SENTENCE_END = "</s>"
UNKNOWN = "<unk>"
_MARKS = (SENTENCE_START, SENTENCE_END, UNKNOWN)

Gram = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class NGram:
    """Probabilities of the next token after the last order − 1 tokens.

        P(w | h) = P of the listed n-gram h w, else backoff(h) · P(w | h without its first token)

    A token is a word or a character: a sentence is a sequence of tokens, and a plain string is the sequence
    of its characters. A token that no unigram lists counts as ``<unk>``. The start mark ``<s>`` is context
    only and never predicted.

    Attributes:
        order: n ≥ 1, the longest n-gram.
        log_probs: ln P of each listed n-gram; the unigrams are the vocabulary.
        backoffs: ln backoff of each context; 0 where none is listed.

    >>> model = NGram.fit([text.split() for text in ("GO HOME", "GO ON", "GO")], order=2)
    >>> round(math.exp(model.log_prob("HOME", ["GO"])), 3)  # (1 + 3 · 1/12) / (3 + 3)
    0.208
    >>> round(sum(math.exp(model.log_prob(word, ["GO"])) for word in model.vocabulary), 9)
    1.0
    """

    order: int
    log_probs: Mapping[Gram, float]
    backoffs: Mapping[Gram, float]

    def __post_init__(self) -> None:
        longest = max((len(gram) for gram in self.log_probs), default=0)
        if longest != self.order or longest < 1:
            raise ValueError(f"order must be the length of the longest n-gram ({longest}), got {self.order}")

    @classmethod
    def fit(cls, sentences: Iterable[Sequence[str]], order: int) -> "NGram":
        """Interpolated Witten–Bell estimate from the counts c of all n-grams up to an order.

            P(w | h) = (c(h w) + T(h) · P(w | h without its first token)) / (c(h) + T(h))

        T(h) is the number of different tokens seen after h: a new one is expected as often as new ones have
        come before. After no context at all, what T leaves is the probability of ``<unk>``. Kneser–Ney's
        discounts come from how many n-grams occur once, twice, three and four times, too few to count in a
        thousand short transcripts; this estimate has no such parameter and is defined for any text.

        Args:
            sentences: each a sequence of tokens; an empty one is a start and an end.
            order: n ≥ 1.

        Raises:
            ValueError: no sentence, an order below 1, or a token that is empty or a reserved mark.

        Ian H. Witten, Timothy C. Bell, The zero-frequency problem (1991), method C; Stanley F. Chen, Joshua
        Goodman, An empirical study of smoothing techniques for language modeling (1999) for the
        interpolated form.
        """
        if order < 1:
            raise ValueError(f"order must be at least 1, got {order}")
        counts = _counts(sentences, order)
        if not counts[()]:
            raise ValueError("sentences must hold at least one sentence, got none")
        log_probs: dict[Gram, float] = {}
        backoffs: dict[Gram, float] = {}
        # Shorter contexts first: each estimate leans on the one below.
        for context in sorted(counts, key=len):
            after = counts[context]
            seen, kinds = sum(after.values()), len(after)
            rest = kinds / (seen + kinds)
            for word, count in after.items():
                lower = math.exp(log_probs[(*context[1:], word)]) if context else 0.0
                log_probs[(*context, word)] = math.log(count / (seen + kinds) + rest * lower)
            if context:
                backoffs[context] = math.log(rest)
            else:
                log_probs[(UNKNOWN,)] = math.log(rest)
        return cls(max(map(len, log_probs)), log_probs, backoffs)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Tokens that can be predicted, sorted: ``</s>`` and ``<unk>`` are among them, ``<s>`` is not."""
        return tuple(
            sorted(gram[0] for gram in self.log_probs if len(gram) == 1 and gram[0] != SENTENCE_START)
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.vocabulary) | {SENTENCE_START}

    @cached_property
    def _contexts(self) -> frozenset[Gram]:
        return frozenset(gram[:-1] for gram in self.log_probs) | frozenset(self.backoffs)

    def __contains__(self, token: str) -> bool:
        """Whether a token is of the vocabulary."""
        return token in self._known

    def shorten(self, context: Sequence[str]) -> Gram:
        """The end of a context on which predictions depend: two equal ones predict alike."""
        kept = context[max(len(context) - self.order + 1, 0) :] if self.order > 1 else ()
        gram = tuple(token if token in self._known else UNKNOWN for token in kept)
        while gram not in self._contexts:
            gram = gram[1:]
        return gram

    def log_prob(self, word: str, context: Sequence[str] = ()) -> float:
        """ln P(word | context).

        Args:
            word: the token predicted; one that the vocabulary lacks is ``<unk>``.
            context: the tokens before it, ``<s>`` first at the start of a sentence.

        Returns:
            A natural logarithm; −inf for ``<s>``, and for an unknown token if the model lists no ``<unk>``.
        """
        if word not in self._known:
            word = UNKNOWN
        gram, backoff = self.shorten(context), 0.0
        while (found := self.log_probs.get((*gram, word))) is None and gram:
            backoff += self.backoffs.get(gram, 0.0)
            gram = self.shorten(gram[1:])
        return -math.inf if found is None else found + backoff

    def sentence_log_prob(self, sentence: Sequence[str]) -> float:
        """ln P of a whole sentence, its end included."""
        tokens = [SENTENCE_START, *sentence, SENTENCE_END]
        return sum(self.log_prob(tokens[i], tokens[:i]) for i in range(1, len(tokens)))

    def perplexity(self, sentences: Iterable[Sequence[str]]) -> float:
        """exp(−(ln P of the sentences) / (their tokens, one end each)).

        Raises:
            ValueError: no sentence.
        """
        given = list(sentences)
        if not given:
            raise ValueError("sentences must hold at least one sentence, got none")
        tokens = sum(len(sentence) + 1 for sentence in given)
        return math.exp(-sum(map(self.sentence_log_prob, given)) / tokens)


def _counts(sentences: Iterable[Sequence[str]], order: int) -> dict[Gram, dict[str, int]]:
    """How often each token follows each context of fewer than ``order`` tokens."""
    counts: dict[Gram, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for sentence in sentences:
        refused = [token for token in sentence if not token or token in _MARKS]
        if refused:
            raise ValueError(f"sentences must hold tokens, neither empty nor of {_MARKS}, got {refused}")
        tokens = (SENTENCE_START, *sentence, SENTENCE_END)
        for end in range(1, len(tokens)):
            for start in range(max(0, end - order + 1), end + 1):
                counts[tokens[start:end]][tokens[end]] += 1
    return counts if () in counts else {(): {}}
