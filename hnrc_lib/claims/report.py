"""The ledger as a table and as JSON."""

import json
from collections.abc import Iterable
from typing import Any

from hnrc_lib.claims.ledger import LEDGER


def ledger_table(identifiers: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Run claims and put what they say, how they are judged, and what came, in one row each.

    Args:
        identifiers: claims to run, for example ``["0.4", "0.7"]``; all when left out.

    Returns:
        One dict a claim, in the ledger's order, with the keys id, source, section, quote, translation,
        predicate, revised (what of the predicate was not fixed before the run; empty where all of it was),
        lead, verdict, sentence, numbers and seconds.

    Raises:
        ValueError: an identifier is not in the ledger.
    """
    wanted = set(LEDGER if identifiers is None else identifiers)
    unknown = sorted(wanted - set(LEDGER))
    if unknown:
        raise ValueError(f"identifiers must be among {list(LEDGER)}, got {unknown}")
    return [_row(identifier) for identifier in LEDGER if identifier in wanted]


def as_json(rows: list[dict[str, Any]] | None = None) -> str:
    """Rows of ``ledger_table`` as JSON text, Chinese and Greek letters unescaped.

    Args:
        rows: rows to write; every claim is run when left out.
    """
    table = ledger_table() if rows is None else rows
    return json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False)


def _row(identifier: str) -> dict[str, Any]:
    claim = LEDGER[identifier]
    evidence = claim.run()
    described = ("id", "source", "section", "quote", "translation", "predicate", "revised", "lead")
    return {name: getattr(claim, name) for name in described} | {
        "verdict": str(evidence.verdict),
        "sentence": evidence.sentence,
        "numbers": evidence.numbers,
        "seconds": evidence.seconds,
    }
