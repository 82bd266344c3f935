"""``{build-info}``: what built the site — commit, machine, versions — and how long each page's code ran."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from hnrc_lib.experiments.record import current_commit, environment

BUILD_PACKAGES = (
    "matplotlib",
    "scipy",
    "anywidget",
    "jupyter-book",
    "Sphinx",
    "myst-nb",
    "sphinx-book-theme",
)


class BuildInfo(SphinxDirective):
    """A table of what built the site."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        return [_table(list(build_facts().items()))]


def build_facts() -> dict[str, str]:
    """Name and value of what a reader needs to know to get the same pages.

    >>> build_facts()["Commit"] != ""
    True
    """
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    facts = {
        "Built": now,
        "Commit": current_commit(),
        "Machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "CUDA card": card,
    }
    return facts | environment() | {name: version(name) for name in BUILD_PACKAGES}


def add_run_time(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Sphinx's ``html-page-context`` event: tell the template how long the page's cells ran."""
    data = getattr(app.env, "nb_metadata", {}).get(pagename, {}).get("exec_data") or {}
    seconds = data.get("runtime")
    context["hnrc_run_time"] = None if seconds is None else f"{seconds:.1f}"


def _table(rows: list[tuple[str, str]]) -> nodes.table:
    group = nodes.tgroup(cols=2)
    group.extend([nodes.colspec(colwidth=1), nodes.colspec(colwidth=2)])
    group += nodes.thead("", _row("What", "Value"))
    group += nodes.tbody("", *(_row(*row) for row in rows))
    return nodes.table("", group, classes=["colwidths-auto", "hnrc-build-info"])


def _row(*cells: str) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph(text=cell)) for cell in cells))
