"""What a recogniser heard."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Word:
    """One word and when it was said.

    Attributes:
        text: the word.
        start, end: in seconds from the start of the recording, start ≤ end.
        confidence: its posterior among the recogniser's hypotheses, 0 … 1.
    """

    text: str
    start: float
    end: float
    confidence: float

    @property
    def middle(self) -> float:
        """Halfway between start and end, in seconds."""
        return (self.start + self.end) / 2


@dataclass(frozen=True)
class Transcript:
    """Text of a recording.

    Attributes:
        words: in order; empty where no speech was found.
        seconds: length of the recording.
        reason: why there are no words; empty where there are.

    >>> heard = Transcript((Word("GO", 0.1, 0.3, 0.9), Word("HOME", 0.5, 0.8, 0.7)), 1.0)
    >>> heard.text, round(heard.confidence, 2)
    ('GO HOME', 0.8)
    """

    words: tuple[Word, ...]
    seconds: float
    reason: str = ""

    @property
    def text(self) -> str:
        """The words, single spaces between them."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """Mean of the words' confidences; 0 without words."""
        return sum(word.confidence for word in self.words) / len(self.words) if self.words else 0.0

    def as_dict(self) -> dict[str, Any]:
        """What JSON holds of it, text and confidence included."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "seconds": self.seconds,
            "reason": self.reason,
            "words": [asdict(word) for word in self.words],
        }
