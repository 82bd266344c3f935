"""Words as chains of emissions: whole-word models, and phones shared by words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.sequence import NGram
from hnrc_lib.sequence.hmm import (
    PairScores,
    StateGraph,
    WordLoop,
    in_a_row,
    left_to_right,
    optional,
    side_by_side,
    word_loop,
)
from hnrc_lib.sequence.ngram import SENTENCE_END, SENTENCE_START

Stay = Float[Tensor, " emissions"] | float


@dataclass(frozen=True)
class Lexicon:
    """How each word is said, as emissions of a hidden Markov model, and what silence between words is.

    Attributes:
        pronunciations: word → its pronunciations, each a sequence of emissions.
        pause: emissions of silence.
        num_emissions: E; emissions are numbered 0 … E − 1.
    """

    pronunciations: Mapping[str, tuple[tuple[int, ...], ...]]
    pause: tuple[int, ...]
    num_emissions: int

    @property
    def words(self) -> tuple[str, ...]:
        """Words in order; their indices are those that decoding gives."""
        return tuple(self.pronunciations)

    def linear(self, words: Sequence[str]) -> list[int]:
        """Silence, the words' first pronunciations one after another, silence: to begin training with."""
        said = [emission for word in words for emission in self._pronounced(word)[0]]
        return [*self.pause, *said, *self.pause]

    def graph(self, words: Sequence[str], stay: Stay = 0.5) -> StateGraph:
        """All ways of saying a transcript: any pronunciation of each word, silence wherever it may be.

        Args:
            words: at least one.
            stay: probability of another frame in the same state; one number, or one per emission.

        Raises:
            ValueError: a word that the lexicon lacks, or none.

        >>> lexicon = whole_words(["no", "yes"], num_states=2)
        >>> lexicon.graph(["yes", "no"]).emissions
        tensor([4, 2, 3, 4, 0, 1, 4])
        """
        if not words:
            raise ValueError("words must hold at least one word, got none")
        silence = optional(left_to_right(self.pause, stay=stay))
        parts = [silence]
        for word in words:
            ways = [left_to_right(states, stay=stay) for states in self._pronounced(word)]
            parts += [side_by_side(ways).word(self.words.index(word)), silence]
        return in_a_row(parts)

    def least_frames(self, words: Sequence[str]) -> int:
        """Frames that a transcript needs at least: one for each state of its shortest pronunciations.

        Raises:
            ValueError: a word that the lexicon lacks.

        >>> whole_words(["no", "yes"], num_states=2).least_frames(["yes", "no"])
        4
        """
        return sum(min(map(len, self._pronounced(word))) for word in words)

    def loop(self, pairs: PairScores, stay: Stay = 0.5) -> WordLoop:
        """All strings of words, scored in pairs: what recognition searches."""
        pronunciations = [
            (index, states) for index, word in enumerate(self.words) for states in self.pronunciations[word]
        ]
        return word_loop(pronunciations, pairs, pause=self.pause, stay=stay)

    def _pronounced(self, word: str) -> tuple[tuple[int, ...], ...]:
        if word not in self.pronunciations:
            raise ValueError(
                f"words must be in the lexicon of {len(self.pronunciations)} words, got {word!r}"
            )
        return self.pronunciations[word]


def whole_words(words: Sequence[str], *, num_states: int, pause_states: int = 1) -> Lexicon:
    """Each word with states of its own: for small vocabularies said often.

    Args:
        words: different ones.
        num_states: states in each word, > 0.
        pause_states: states of silence, > 0.

    >>> whole_words(["no", "yes"], num_states=2)
    Lexicon(pronunciations={'no': ((0, 1),), 'yes': ((2, 3),)}, pause=(4,), num_emissions=5)
    """
    ranges = {w: (tuple(range(i * num_states, (i + 1) * num_states)),) for i, w in enumerate(words)}
    spoken = len(words) * num_states
    return Lexicon(ranges, tuple(range(spoken, spoken + pause_states)), spoken + pause_states)


def phones(
    dictionary: Mapping[str, Sequence[Sequence[str]]], *, num_states: int = 3, pause_states: int = 3
) -> Lexicon:
    """Each phone with states of its own, whatever its neighbours: monophones.

    Args:
        dictionary: word → pronunciations, each a sequence of phones.
        num_states: states in each phone, > 0.
        pause_states: states of silence, > 0.

    >>> phones({"A": [["EY"], ["AH"]], "MAY": [["M", "EY"]]}, num_states=1, pause_states=1).pronunciations
    {'A': ((1,), (0,)), 'MAY': ((2, 1),)}
    """
    ways = [way for spoken in dictionary.values() for way in spoken]
    inventory = sorted({phone for way in ways for phone in way})
    first = {phone: index * num_states for index, phone in enumerate(inventory)}
    pronunciations = {
        word: tuple(
            tuple(first[phone] + state for phone in way for state in range(num_states)) for way in spoken
        )
        for word, spoken in dictionary.items()
    }
    spoken = len(inventory) * num_states
    return Lexicon(pronunciations, tuple(range(spoken, spoken + pause_states)), spoken + pause_states)


def one_word(num_words: int) -> PairScores:
    """Exactly one word, all equally probable: isolated words."""
    nothing = torch.zeros(num_words)
    return PairScores(nothing, torch.full((num_words, num_words), -torch.inf), nothing)


def any_words(num_words: int, *, insertion: float = 0.0) -> PairScores:
    """Any string of words, each costing −``insertion``: digit strings."""
    begun = torch.full((num_words,), float(insertion))
    return PairScores(begun, begun.expand(num_words, -1), torch.zeros(num_words))


def ngram_pairs(model: NGram, words: Iterable[str], *, scale: float, insertion: float = 0.0) -> PairScores:
    """Scores of word pairs from an n-gram model.

        score = scale · ln P(w | v) + insertion

    Args:
        model: of words; a word that it lacks is its unknown one.
        words: in the lexicon's order.
        scale: weight of the language model against the acoustics, ≥ 0: frames are not independent, as the
            acoustic model takes them to be.
        insertion: added for each word; negative ones make for fewer words.
    """
    said = list(words)

    def after(context: str) -> list[float]:
        return [scale * model.log_prob(word, [context]) + insertion for word in said]

    ending = [scale * model.log_prob(SENTENCE_END, [word]) for word in said]
    following = torch.tensor([after(word) for word in said])
    return PairScores(torch.tensor(after(SENTENCE_START)), following, torch.tensor(ending))
