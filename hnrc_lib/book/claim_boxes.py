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


def claim_html(claim: Claim, evidence: Evidence) -> str:
    """The box of one claim; the verdict stands in words, never in colour alone."""
    heading = f"Claim {claim.id} · {claim.source} {claim.section}"
    kind = evidence.verdict.kind.replace(" ", "-")
    rows = [
        ("The source says", f'<q lang="zh">{_quoted(claim.quote)}</q> {_quoted(claim.translation)}'),
        ("Test, fixed before the run", html.escape(claim.predicate)),
        ("Measured", html.escape(evidence.sentence)),
    ]
    listed = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in rows)
    return (
        f'<div class="hnrc-claim hnrc-{kind}" role="group" aria-label="{html.escape(heading)}">'
        f'<p class="hnrc-claim-head">{html.escape(heading)} '
        f"<strong>{html.escape(evidence.verdict)}</strong></p>"
        f"<dl>{listed}</dl></div>"
    )


def defect_table(defects: Iterable[Defect]) -> None:
    """Show what each line of a printed program says, does, and how it is mended.

    Args:
        defects: as ``hnrc_lib.claims.diagnose`` returns them.
    """
    rows = list(defects)
    cells = "".join(
        f"<tr><td>{row.line}</td><td><code>{html.escape(row.printed)}</code></td><td>{html.escape(row.says)}</td>"
        f"<td>{html.escape(row.does)} {html.escape(_shown(row))}</td><td>{html.escape(row.mended)}</td></tr>"
        for row in rows
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("line", "printed", "meant to", "does", "mended")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
    page = f'<div class="hnrc-table" tabindex="0">{table}</div>'
    plain = "\n".join(f"{row.line}: {row.does} Mended: {row.mended}" for row in rows)
    display({"text/html": page, "text/plain": plain}, raw=True)


def _quoted(text: str) -> str:
    """A quotation in one paragraph: displayed formulas become formulas in the line."""
    return html_with_math(re.sub(r"\s*\$\$\s*(.+?)\s*\$\$\s*", r" $\1$ ", text, flags=re.DOTALL).strip())


def _shown(defect: Defect) -> str:
    numbers = ", ".join(f"{name} = {value:g}" for name, value in defect.shown_by.items())
    return f"({HOW[defect.how]}{': ' + numbers if numbers else ''})"
