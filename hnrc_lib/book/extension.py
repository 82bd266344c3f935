"""The Sphinx extension of the book: offline, in two themes, figures with words and provenance."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from hnrc_lib import __version__
from hnrc_lib.book.site import (
    build_info,
    buttons,
    checks,
    docstrings,
    embedded,
    execution,
    figure_nodes,
    ledger,
    offline,
    repairs,
    streams,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts; Sphinx calls this."""
    app.setup_extension("sphinx.ext.napoleon")  # and with it autodoc
    app.connect("config-inited", _configure, priority=100)
    app.connect("env-before-read-docs", execution.read_side_by_side)
    app.connect("env-updated", execution.write_alone)
    app.connect("autodoc-process-signature", docstrings.prepare_signature)
    app.connect("autodoc-process-docstring", docstrings.prepare_docstring, priority=400)  # before napoleon
    # Before the theme (500) drops templates that come out empty; the rest once the body is complete.
    app.connect("html-page-context", build_info.add_run_time, priority=400)
    app.connect("html-page-context", buttons.add_buttons, priority=600)
    app.connect("html-page-context", embedded.extract_from_page, priority=610)
    app.connect("html-page-context", ledger.add_script, priority=615)
    app.connect("html-page-context", repairs.repair_page, priority=620)
    app.connect("doctree-resolved", ledger.fill_ledgers)
    app.connect("build-finished", offline.copy_mathjax, priority=400)
    app.connect("build-finished", checks.check_site, priority=900)
    app.add_config_value("hnrc_records", None, "html")
    app.add_directive("build-info", build_info.BuildInfo)
    app.add_directive("claims-ledger", ledger.ClaimsLedger)
    figure_nodes.setup(app)
    streams.keep_lines_whole()
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}


def _configure(app: Sphinx, config: Config) -> None:
    execution.configure(app, config)
    offline.configure(app, config)
