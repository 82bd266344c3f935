"""A word n-gram model beside the acoustic scores, with words that it never saw spelt by characters."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hnrc_lib.sequence.ngram import SENTENCE_END, SENTENCE_START, UNKNOWN, Gram, NGram
from hnrc_lib.sequence.vocabulary import Vocabulary


class FusionState(NamedTuple):
    """What the score of a next symbol depends on.

    Attributes:
        context: the words before, as far as the model looks back.
        spelt: characters of the word begun, empty between words.
    """

    context: Gram
    spelt: str


@dataclass(frozen=True, eq=False)
class WordFusion:
    """Scores of texts, symbol by symbol, for the beam search.

        weight · ln P(words, </s>) + bonus · (number of words)
        P(w | h) = the word model's for a word it lists, else P(<unk> | h) · P_characters(w)

    While a word is being spelt, it is worth the probability of all words that begin so,
    Σ P(w | h) + P(<unk> | h) · P_characters(the beginning); its end replaces that by its own probability, so
    that whole texts have exactly the score above. Without a model of characters, unknown words have
    probability zero.

    Attributes:
        vocabulary: the recogniser's symbols, characters or words.
        words: model of word sequences.
        characters: model of words as character sequences; None closes the vocabulary.
        weight: of the model's logarithm against the acoustic one's, ≥ 0.
        insertion_bonus: added for each word, in natural logarithms.

    Raises:
        ValueError: a weight below 0.

    >>> fusion = WordFusion.fit(["GO HOME", "GO ON", "NO"], Vocabulary.of_characters(["GO HOME NOW"]))
    >>> fusion.text_score("GO HOME") > fusion.text_score("HOME GO") > fusion.text_score("NOW GO") > -math.inf
    True

    Andrew L. Maas, Ziang Xie, Dan Jurafsky, Andrew Y. Ng, Lexicon-free conversational speech recognition
    with neural networks (2015) for characters inside the beam; Alex Graves, Navdeep Jaitly, Towards
    end-to-end speech recognition with recurrent neural networks (2014) for words.
    """

    vocabulary: Vocabulary
    words: NGram
    characters: NGram | None = None
    weight: float = 1.0
    insertion_bonus: float = 0.0
    _by_beginning: dict[str, list[str]] = field(init=False, repr=False)
    _worth: dict[FusionState, float] = field(init=False, repr=False, default_factory=dict)
    _spellings: dict[str, float] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight must not be negative, got {self.weight}")
        by_beginning: dict[str, list[str]] = {}
        for word in self.words.vocabulary:
            if word not in (SENTENCE_END, UNKNOWN):
                for end in range(1, len(word) + 1):
                    by_beginning.setdefault(word[:end], []).append(word)
        object.__setattr__(self, "_by_beginning", by_beginning)

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        vocabulary: Vocabulary,
        *,
        order: int = 3,
        character_order: int = 4,
        weight: float = 1.0,
        insertion_bonus: float = 0.0,
    ) -> "WordFusion":
        """Both models from transcripts; each different word counts once in the model of characters.

        Args:
            texts: transcripts, words between spaces.
            vocabulary: the recogniser's symbols.
            order, character_order: of the two models.
            weight, insertion_bonus: as the class.
        """
        sentences = [text.split() for text in texts]
        spelt = NGram.fit(sorted({word for sentence in sentences for word in sentence}), character_order)
        return cls(vocabulary, NGram.fit(sentences, order), spelt, weight, insertion_bonus)

    def start(self) -> FusionState:
        """State before the first symbol."""
        return FusionState(self.words.shorten((SENTENCE_START,)), "")

    def extend(self, state: FusionState, symbol: int) -> tuple[FusionState, float]:
        """State after one more symbol, and what the symbol adds to the score."""
        written = self.vocabulary.symbols[symbol - 1]
        if not self.vocabulary.spells:
            return self._close(FusionState(state.context, written), 0.0)
        if written != " ":
            longer = FusionState(state.context, state.spelt + written)
            return longer, self._difference(self._begun(longer), self._begun(state))
        return self._close(state, self._begun(state)) if state.spelt else (state, 0.0)

    def finish(self, state: FusionState) -> float:
        """What the end of the text adds to the score, the word begun included."""
        added = 0.0
        if state.spelt:
            state, added = self._close(state, self._begun(state))
        return added + self.weight * self.words.log_prob(SENTENCE_END, state.context)

    def text_score(self, text: str) -> float:
        """The score of a whole text, summed word by word from its definition."""
        words = text.split()
        history, total = [SENTENCE_START], 0.0
        for word in words:
            total += self._word_log_prob(word, history)
            history.append(word)
        total += self.words.log_prob(SENTENCE_END, history)
        return self.weight * total + self.insertion_bonus * len(words)

    def _close(self, state: FusionState, begun: float) -> tuple[FusionState, float]:
        added = self._difference(self._word_log_prob(state.spelt, state.context), begun)
        context = self.words.shorten((*state.context, state.spelt))
        return FusionState(context, ""), added + self.insertion_bonus

    def _difference(self, after: float, before: float) -> float:
        # Nothing follows what is impossible already.
        return self.weight * (after - before) if after > -math.inf else -math.inf

    def _word_log_prob(self, word: str, context: Sequence[str]) -> float:
        if word in self.words:
            return self.words.log_prob(word, context)
        spelling = self._spelling(word)
        if self.characters is None:
            return spelling
        end = self.characters.log_prob(SENTENCE_END, (SENTENCE_START, *word))
        return self.words.log_prob(UNKNOWN, context) + spelling + end

    def _begun(self, state: FusionState) -> float:
        """ln of the probability of all words that begin as the state's; 0 between words."""
        if not state.spelt:
            return 0.0
        worth = self._worth.get(state)
        if worth is None:
            listed = self._by_beginning.get(state.spelt, ())
            logs = [self.words.log_prob(word, state.context) for word in listed]
            logs.append(self.words.log_prob(UNKNOWN, state.context) + self._spelling(state.spelt))
            highest = max(logs)
            total = sum(math.exp(value - highest) for value in logs) if highest > -math.inf else 0.0
            worth = highest + math.log(total) if total else -math.inf
            self._worth[state] = worth
        return worth

    def _spelling(self, beginning: str) -> float:
        """ln of the probability that a word begins so, by the model of characters."""
        if self.characters is None:
            return -math.inf
        if not beginning:
            return 0.0
        found = self._spellings.get(beginning)
        if found is None:
            context = (SENTENCE_START, *beginning[:-1])
            found = self._spelling(beginning[:-1]) + self.characters.log_prob(beginning[-1], context)
            self._spellings[beginning] = found
        return found
