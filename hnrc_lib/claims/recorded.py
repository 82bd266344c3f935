"""The ledger as last measured in full: one file, so that a page can show it without measuring."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hnrc_lib.claims.claim import Evidence, Verdict
from hnrc_lib.files import replace_file
from hnrc_lib.paths import shipped

LEDGER_FILE = "claims.json"
LEDGER_COMMAND = "hnrc claims --record"


@dataclass(frozen=True)
class RecordedLedger:
    """What every claim was found to be, and where the numbers come from.

    Attributes:
        evidences: by claim id, in the ledger's order.
        commit: of the code that measured, ``"-dirty"`` appended when the tree had changes.
        versions: package name to version, Python's included.
    """

    evidences: dict[str, Evidence]
    commit: str
    versions: dict[str, str]

    @property
    def seconds(self) -> float:
        """How long all measurements took together, in seconds."""
        return sum(evidence.seconds for evidence in self.evidences.values())


def save_ledger(found: RecordedLedger, path: str | os.PathLike[str] | None = None) -> Path:
    """Write what was found, beside the final name and then renamed.

    Args:
        found: what all claims gave.
        path: where to; the shipped ``data/claims.json`` when left out.

    Returns:
        The file.
    """
    target = Path(path) if path is not None else shipped(LEDGER_FILE)
    content = {
        "command": LEDGER_COMMAND,
        "commit": found.commit,
        "versions": found.versions,
        "claims": [_row(evidence) for evidence in found.evidences.values()],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(target, text.encode("utf-8"))
    return target


def load_ledger(path: str | os.PathLike[str] | None = None) -> RecordedLedger:
    """Read what ``save_ledger`` wrote; nothing is measured.

    Args:
        path: where it lies; the shipped ``data/claims.json`` when left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a verdict is none, or the file does not say where its numbers come from.
    """
    source = Path(path) if path is not None else shipped(LEDGER_FILE)
    if not source.is_file():
        raise FileNotFoundError(f"no recorded ledger in {source}; `{LEDGER_COMMAND}` writes it")
    content = json.loads(source.read_text("utf-8"))
    missing = [name for name in ("commit", "versions", "claims") if not content.get(name)]
    if missing:
        raise ValueError(f"the ledger in {source} must say where it comes from, missing {missing}")
    evidences = {row["id"]: _evidence(row) for row in content["claims"]}
    return RecordedLedger(evidences, content["commit"], content["versions"])


def _row(evidence: Evidence) -> dict[str, Any]:
    described = asdict(evidence)
    return {
        "id": described.pop("claim_id"),
        **described,
        "verdict": str(evidence.verdict),
        "seconds": round(evidence.seconds, 2),
    }


def _evidence(row: dict[str, Any]) -> Evidence:
    verdict = Verdict(row["verdict"])
    return Evidence(row["id"], row["numbers"], verdict, row["sentence"], row["seconds"])
