"""Claims and defects as boxes on a page: what the source says, what was tested, what came out."""

import html
import re
from collections.abc import Iterable

from IPython.display import display

from hnrc_lib.book.words import html_with_math
from hnrc_lib.claims import LEDGER, Claim, Defect, Evidence

HOW = {"run": "run", "parsed": "counted in the text", "read": "read, not run"}


def claim_box(*identifiers: str) -> None:
    """Run claims now and show each with its quotation, its test and its verdict.

    Args:
        identifiers: ids of the ledger, for example ``"0.4"``.

    Raises:
        KeyError: there is no such claim.
    """
    for identifier in identifiers:
        if identifier not in LEDGER:
            raise KeyError(f"identifiers must be among {list(LEDGER)}, got {identifier!r}")
        claim = LEDGER[identifier]
        evidence = claim.run()
        plain = f"Claim {claim.id}: {evidence.verdict}. {evidence.sentence}"
        display({"text/html": claim_html(claim, evidence), "text/plain": plain}, raw=True)


def anchor(identifier: str) -> str:
    """Where on its page a claim's box stands.

    >>> anchor("0.13")
    'claim-0-13'
    """
    return f"claim-{identifier.replace('.', '-')}"


def claim_html(claim: Claim, evidence: Evidence) -> str:
    """The box of one claim; the verdict stands in words, never in colour alone."""
    heading = f"Claim {claim.id} · {claim.source} {claim.section}"
    kind = evidence.verdict.kind.replace(" ", "-")
    rows = [
        ("The source says", f'<q lang="zh">{_quoted(claim.quote)}</q> {_quoted(claim.translation)}'),
        ("Test" if claim.revised else "Test, fixed before the run", html.escape(claim.predicate)),
        *([("Not fixed before the run", html.escape(claim.revised))] if claim.revised else []),
        ("Measured", html.escape(evidence.sentence)),
    ]
    listed = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in rows)
    return (
        f'<div class="hnrc-claim hnrc-{kind}" id="{anchor(claim.id)}" role="group" '
        f'aria-label="{html.escape(heading)}">'
        f'<p class="hnrc-claim-head">{html.escape(heading)} '
        f"<strong>{html.escape(evidence.verdict)}</strong></p>"
        f"<dl>{listed}</dl></div>"
    )


def defect_list(defects: Iterable[Defect]) -> None:
    """Show, printed line by printed line, what it is meant to do, what it does, and how it is mended.

    Args:
        defects: as ``hnrc_lib.claims.diagnose`` returns them, in the order of the program.
    """
    rows = list(defects)
    lines: dict[int, list[Defect]] = {}
    for row in rows:
        lines.setdefault(row.line, []).append(row)
    page = "".join(
        f"<dt>line {line} <code>{html.escape(found[0].printed)}</code></dt>"
        + "".join(f"<dd>{_defect_html(row)}</dd>" for row in found)
        for line, found in lines.items()
    )
    plain = "\n".join(f"{row.line}: {row.does}; mended: {row.mended}" for row in rows)
    display({"text/html": f'<dl class="hnrc-defects">{page}</dl>', "text/plain": plain}, raw=True)


def _defect_html(defect: Defect) -> str:
    numbers = ", ".join(f"{_words(name)} {value:g}" for name, value in defect.shown_by.items())
    seen = f"{HOW[defect.how]}: {numbers}" if numbers else HOW[defect.how]
    return (
        f"<em>Meant:</em> {html.escape(defect.says)}. <em>Does:</em> {html.escape(defect.does)} "
        f'<span class="hnrc-seen">({html.escape(seen)})</span> Mended: {html.escape(defect.mended)}.'
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _quoted(text: str) -> str:
    """A quotation in one paragraph: displayed formulas become formulas in the line."""
    return html_with_math(re.sub(r"\s*\$\$\s*(.+?)\s*\$\$\s*", r" $\1$ ", text, flags=re.DOTALL).strip())
