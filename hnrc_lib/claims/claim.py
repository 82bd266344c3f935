"""A claim of a source document, the numbers that test it, and the verdict that follows from them."""

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["holds", "fails", "holds if"]
# Counts are whole numbers; the run-time check of annotations does not take an int for a float.
Numbers = Mapping[str, float | int]

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_IDENTIFIER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Verdict(str):
    """``holds``, ``fails``, or ``holds if CONDITION``; a plain string wherever one is wanted.

    Args:
        text: one of the three forms.

    Raises:
        ValueError: any other text.

    >>> verdict = Verdict("holds if λ > 0")
    >>> verdict.kind, verdict.condition
    ('holds if', 'λ > 0')
    """

    def __new__(cls, text: str) -> "Verdict":
        if text not in ("holds", "fails") and not re.fullmatch(r"holds if \S.*", text):
            raise ValueError(f"verdict must be 'holds', 'fails' or 'holds if CONDITION', got {text!r}")
        return super().__new__(cls, text)

    @property
    def kind(self) -> Kind:
        """Which of the three."""
        if self == "holds":
            return "holds"
        return "fails" if self == "fails" else "holds if"

    @property
    def condition(self) -> str:
        """What it depends on; empty for ``holds`` and ``fails``."""
        return self.removeprefix("holds if ") if self.kind == "holds if" else ""


HOLDS, FAILS = Verdict("holds"), Verdict("fails")


def holds_if(condition: str) -> Verdict:
    """``holds if CONDITION``.

    >>> holds_if("H is positive definite")
    'holds if H is positive definite'
    """
    return Verdict(f"holds if {condition}")


@dataclass(frozen=True)
class Evidence:
    """What a run of a claim gave.

    Attributes:
        claim_id: for example ``"0.4"``.
        numbers: every measured number by name, all finite.
        verdict: what the claim's predicate says about the numbers.
        sentence: the sentence that the book prints, filled from the numbers.
        seconds: wall-clock time of the measurement, in seconds.
    """

    claim_id: str
    numbers: dict[str, float]
    verdict: Verdict
    sentence: str
    seconds: float


@dataclass(frozen=True)
class Claim:
    """One statement of a source document and how it is tested.

    Attributes:
        id: ``DOCUMENT.NUMBER``, for example ``"0.13"``.
        source: the document, ``"S0"`` to ``"S4"``.
        section: where it stands there.
        quote: the statement, verbatim, in Chinese.
        translation: the same in English.
        predicate: in words, which numbers decide and by what thresholds, fixed before the run.
        evidence: measures; gives finite numbers by name.
        judge: the predicate; sees the numbers and nothing else.
        sentences: for each kind of verdict that the judge can give, the sentence to print, a
            ``str.format`` template over the names of the numbers.
        lead: what was expected before measuring; where it and the numbers disagree, the numbers win.
        revised: what of the test was chosen or changed after numbers of it had been seen; empty where
            nothing was.

    Raises:
        ValueError: a field is empty or of the wrong form.
    """

    id: str
    source: str
    section: str
    quote: str
    translation: str
    predicate: str
    evidence: Callable[[], Numbers]
    judge: Callable[[Numbers], Verdict]
    sentences: Mapping[Kind, str]
    lead: str
    revised: str = ""

    def __post_init__(self) -> None:
        if not _IDENTIFIER.fullmatch(self.id):
            raise ValueError(f"id must be DOCUMENT.NUMBER such as '0.4', got {self.id!r}")
        if self.source != f"S{self.id.partition('.')[0]}":
            raise ValueError(f"source of claim {self.id} must be S{self.id[0]}, got {self.source!r}")
        if not _CHINESE.search(self.quote):
            raise ValueError(f"quote of claim {self.id} must be the Chinese original, got {self.quote!r}")
        for name in ("section", "translation", "predicate", "sentences", "lead"):
            if not getattr(self, name):
                raise ValueError(f"{name} of claim {self.id} must not be empty")

    @property
    def order(self) -> tuple[int, int]:
        """Sort key: document, then number, so that 0.13 follows 0.8."""
        document, number = self.id.split(".")
        return int(document), int(number)

    def run(self) -> Evidence:
        """Measure, judge, and fill the sentence.

        Raises:
            ValueError: a number is not finite, so that no predicate could be trusted with it.
        """
        start = time.perf_counter()
        numbers = self.evidence()
        return self.conclude(numbers, seconds=time.perf_counter() - start)

    def conclude(self, numbers: Numbers, *, seconds: float = 0.0) -> Evidence:
        """The evidence that given numbers amount to; nothing but the numbers enters the verdict.

        Args:
            numbers: name to finite number, as ``evidence`` returns them.
            seconds: how long the measurement took, in seconds.

        Raises:
            ValueError: a number is not finite.
            KeyError: a number that the judge or the sentence needs is missing.
        """
        broken = {name: value for name, value in numbers.items() if not math.isfinite(value)}
        if broken:
            raise ValueError(f"numbers of claim {self.id} must be finite, got {broken}")
        verdict = self.judge(numbers)
        if verdict.kind not in self.sentences:
            raise KeyError(f"claim {self.id} has no sentence for the verdict {verdict!r}")
        sentence = self.sentences[verdict.kind].format_map(numbers)
        plain = {name: float(value) for name, value in numbers.items()}
        return Evidence(self.id, plain, verdict, sentence, seconds)
