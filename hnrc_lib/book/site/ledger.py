"""``{claims-ledger}``: every claim with its verdict as last recorded, and links to where it is treated."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from hnrc_lib.book.claim_boxes import anchor
from hnrc_lib.book.words import html_with_math
from hnrc_lib.claims import (
    LEDGER,
    LEDGER_COMMAND,
    LEDGER_FILE,
    Claim,
    Evidence,
    RecordedLedger,
    load_ledger,
)
from hnrc_lib.paths import shipped

KINDS = ("holds", "holds if", "fails")
_SHOWN = re.compile(r"^claim_box\(([^)]*)\)", re.MULTILINE)
_IDENTIFIER = re.compile(r"\"(\d+\.\d+)\"")
_CLASS = "hnrc-ledger-rows"


class Treated(NamedTuple):
    """A page that shows a claim's box: its title, and its address seen from the ledger."""

    title: str
    address: str


class LedgerTable(nodes.General, nodes.Element):
    """Where the table will stand once the titles of all pages are known."""


class ClaimsLedger(SphinxDirective):
    """Reserve the place, and have the page read again when a page or the record changes."""

    def run(self) -> list[nodes.Node]:
        """Make the place."""
        for name in self.env.found_docs:
            self.env.note_dependency(str(self.env.doc2path(name)))
        self.env.note_dependency(str(shipped(LEDGER_FILE)))
        return [LedgerTable()]


def claims_shown(text: str) -> list[str]:
    """Ids of the claims whose boxes a page shows, in its order.

    >>> claims_shown('claim_box("0.4", "0.5")\\n…\\nclaim_box("1.2")')
    ['0.4', '0.5', '1.2']
    """
    return [found for call in _SHOWN.findall(text) for found in _IDENTIFIER.findall(call)]


def fill_ledgers(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Sphinx's ``doctree-resolved`` event: write the table where a place is reserved."""
    for place in list(doctree.findall(LedgerTable)):
        markup = ledger_html(load_ledger(), _treated(app, docname))
        place.replace_self(nodes.raw("", markup, format="html"))


def add_script(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Sphinx's ``html-page-context`` event: the filter and the style go where a ledger is."""
    if f'class="{_CLASS}"' in (context.get("body") or ""):
        app.add_js_file("hnrc-ledger.js", defer="defer")
        app.add_css_file("hnrc-ledger.css")


def ledger_html(found: RecordedLedger, treated: Mapping[str, Iterable[Treated]]) -> str:
    """Counts, the filter (which the script shows) and the table, readable without either.

    Args:
        found: the recorded ledger.
        treated: by claim id, the pages that show its box.

    Raises:
        ValueError: a recorded claim is not in the ledger.
    """
    unknown = sorted(set(found.evidences) - set(LEDGER))
    if unknown:
        raise ValueError(f"recorded claims must be in the ledger, got {unknown}; run `{LEDGER_COMMAND}`")
    rows = "".join(
        _row(LEDGER[identifier], evidence, treated.get(identifier, ()))
        for identifier, evidence in found.evidences.items()
    )
    headings = "".join(
        f'<th scope="col" role="columnheader">{name}</th>'
        for name in ("Claim", "The source says", "Verdict", "Measured", "Treated in")
    )
    return (
        f"{_counts(found)}{_filter(found)}"
        f'<table class="{_CLASS}" role="table" aria-label="Claims and verdicts">'
        f'<thead role="rowgroup"><tr role="row">{headings}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>{_provenance(found)}'
    )


def _row(claim: Claim, evidence: Evidence, pages: Iterable[Treated]) -> str:
    kind = evidence.verdict.kind
    links = ", ".join(
        f'<a href="{html.escape(page.address)}">{html.escape(page.title)}</a>' for page in pages
    )
    cells = (
        ("The source says", html_with_math(claim.translation)),
        ("Verdict", f'<strong class="hnrc-{_name(kind)}">{html.escape(evidence.verdict)}</strong>'),
        (
            "Measured",
            f'{html.escape(evidence.sentence)} <span class="hnrc-seconds">{evidence.seconds:.1f} s</span>',
        ),
        ("Treated in", links or "no page yet"),
    )
    return (
        f'<tr role="row" data-source="{claim.source}" data-verdict="{kind}">'
        f'<th scope="row" role="rowheader">{claim.id} '
        f"<span>{html.escape(f'{claim.source} {claim.section}')}</span></th>"
        + "".join(f'<td role="cell" data-label="{name}">{text}</td>' for name, text in cells)
        + "</tr>"
    )


def _filter(found: RecordedLedger) -> str:
    sources = sorted({LEDGER[identifier].source for identifier in found.evidences})
    return (
        '<form class="hnrc-ledger-filter" role="search" aria-label="Filter the claims" hidden>'
        f"<label>Source {_select('source', sources)}</label>"
        f"<label>Verdict {_select('verdict', KINDS)}</label>"
        '<label>Text <input type="search" name="text" autocomplete="off"></label>'
        '<button type="reset">Show all</button></form>'
        '<p class="hnrc-ledger-status" role="status"></p>'
    )


def _select(name: str, values: Iterable[str]) -> str:
    options = "".join(f'<option value="{value}">{value}</option>' for value in values)
    return f'<select name="{name}"><option value="">all</option>{options}</select>'


def _counts(found: RecordedLedger) -> str:
    counted = Counter(
        (LEDGER[identifier].source, evidence.verdict.kind) for identifier, evidence in found.evidences.items()
    )
    sources = sorted({source for source, _ in counted})
    rows = [(source, [counted[source, kind] for kind in KINDS]) for source in sources]
    rows.append(("all", [sum(row[i] for _, row in rows) for i in range(len(KINDS))]))
    headings = "".join(f'<th scope="col">{name}</th>' for name in ("source", *KINDS, "claims"))
    body = "".join(
        f'<tr><th scope="row">{source}</th>'
        + "".join(f"<td>{count}</td>" for count in (*row, sum(row)))
        + "</tr>"
        for source, row in rows
    )
    return (
        '<table class="hnrc-ledger-counts"><caption>Verdicts by source</caption>'
        f"<thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table>"
    )


def _provenance(found: RecordedLedger) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return (
        f'<p class="hnrc-ledger-source">Recorded with <code>{LEDGER_COMMAND}</code> at commit {found.commit} '
        f"({versions}), {found.seconds:.0f} s for {len(found.evidences)} claims.</p>"
    )


def _treated(app: Sphinx, ledger: str) -> dict[str, list[Treated]]:
    """Which pages show which claims, from the pages themselves."""
    found: dict[str, list[Treated]] = {}
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        for identifier in dict.fromkeys(claims_shown(source.read_text("utf-8"))):
            address = app.builder.get_relative_uri(ledger, name)
            page = Treated(app.env.titles[name].astext(), f"{address}#{anchor(identifier)}")
            found.setdefault(identifier, []).append(page)
    return found


def _name(kind: str) -> str:
    return kind.replace(" ", "-")
