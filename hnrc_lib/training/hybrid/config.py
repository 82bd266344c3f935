"""What a hybrid recogniser's hidden Markov model is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hnrc_lib.datasets import Corpus
from hnrc_lib.sequence import NGram
from hnrc_lib.sequence.hmm import PairScores
from hnrc_lib.training.hybrid.gmm_hmm import GmmConfig
from hnrc_lib.training.hybrid.lexicon import (
    Lexicon,
    any_words,
    ngram_pairs,
    one_word,
    phones,
    whole_words,
)

UNITS = ("words", "phones")
LANGUAGES = ("one-word", "any-words", "bigram")


@dataclass(frozen=True)
class HybridConfig:
    """Units, the Gaussians that align them, and what may be said.

    Attributes:
        units: ``"words"`` (each word has states of its own) or ``"phones"`` (a dictionary's).
        num_states: of each unit, > 0.
        n_mels: mel bands under the Gaussians' cepstra, > 0.
        gmm: how mixtures of Gaussians are grown.
        language: ``"one-word"`` (all equally probable), ``"any-words"`` or ``"bigram"`` (of the training
            transcripts).
        scale: weight of the bigram against the acoustics, ≥ 0.
        insertion: log-score of each word of a string.
        prior_scale: power of the priors that the network's posteriors are divided by, ≥ 0.

    Raises:
        ValueError: a value out of range; names it.
    """

    units: str = "words"
    num_states: int = 7
    n_mels: int = 26
    gmm: GmmConfig = field(default_factory=GmmConfig)
    language: str = "one-word"
    scale: float = 4.0
    insertion: float = 0.0
    prior_scale: float = 1.0

    def __post_init__(self) -> None:
        for name, known in (("units", UNITS), ("language", LANGUAGES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("num_states", "n_mels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("scale", "prior_scale"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")

    def lexicon(self, train: Corpus, pronunciations: Mapping[str, Sequence[Sequence[str]]]) -> Lexicon:
        """How every word is said: the training part's words, or the dictionary's.

        Raises:
            ValueError: phones are wanted, but there is no dictionary.
        """
        if self.units == "words":
            said = sorted({word for utterance in train for word in utterance.text.split()})
            return whole_words(said, num_states=self.num_states)
        if not pronunciations:
            raise ValueError(
                f"corpus must come with a dictionary for units 'phones', {train.name!r} has none"
            )
        return phones(pronunciations, num_states=self.num_states)

    def pairs(self, lexicon: Lexicon, train: Corpus) -> PairScores:
        """What may follow what."""
        if self.language == "one-word":
            return one_word(len(lexicon.words))
        if self.language == "any-words":
            return any_words(len(lexicon.words), insertion=self.insertion)
        model = NGram.fit([utterance.text.split() for utterance in train], 2)
        return ngram_pairs(model, lexicon.words, scale=self.scale, insertion=self.insertion)
