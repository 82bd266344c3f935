"""The runs of one method on one task in one JSON file, written whole after each run."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hnrc_lib.files import replace_file


@dataclass(frozen=True)
class RunEntry:
    """One run.

    Attributes:
        kind: ``"trial"`` of the tuning, ``"final"`` of the tuned method, or ``"rate"``, the tuned method at
            another learning rate.
        key: number of the trial, speaker held out, or factor of the rate, as text.
        drawn: what was tuned.
        held_out: speaker held out; None where the corpus has parts of its own.
        seed: of weights and order.
        points: where the run stood, as ``track.as_json`` writes it.
        commit: of the code that ran.
    """

    kind: str
    key: str
    drawn: dict[str, Any]
    held_out: str | None
    seed: int
    points: list[dict[str, Any]]
    commit: str

    @property
    def final_loss(self) -> float:
        """Training loss at the end, infinite for a run that diverged."""
        value = self.points[-1]["train_loss"]
        return float("inf") if value is None else value


@dataclass
class RunLedger:
    """Runs that are done, kept in a file that another session takes up.

    Args:
        path: the file; made at the first run.

    Raises:
        ValueError: the file holds something else.
    """

    path: Path
    entries: list[RunEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            return
        content = json.loads(self.path.read_bytes())
        if not isinstance(content, list):
            raise ValueError(f"{self.path} must hold a list of runs, got {type(content).__name__}")
        self.entries = [RunEntry(**entry) for entry in content]

    def of(self, kind: str) -> list[RunEntry]:
        """Runs of a kind, in the order in which they were made."""
        return [entry for entry in self.entries if entry.kind == kind]

    def find(self, kind: str, key: str) -> RunEntry | None:
        """The run of that kind and key, if it is done."""
        return next((entry for entry in self.of(kind) if entry.key == key), None)

    def add(self, entry: RunEntry) -> None:
        """Keep a run; the file is replaced as a whole."""
        self.entries.append(entry)
        rows = ",\n".join(json.dumps(vars(entry), ensure_ascii=False) for entry in self.entries)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, f"[\n{rows}\n]\n".encode())
