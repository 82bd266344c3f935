"""Small Sphinx projects that load the book's extension, and what their build said."""

import contextlib
import io
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.console import strip_colors
from sphinx.util.docutils import docutils_namespace, patch_docutils

EXTENSIONS = ["myst_nb", "hnrc_lib.book.extension"]


@dataclass(frozen=True)
class Built:
    """A built project.

    Attributes:
        status: exit status, 1 when there was a warning.
        warnings: one line each.
        folder: the site.
    """

    status: int
    warnings: list[str]
    folder: Path

    def page(self, name: str = "index") -> BeautifulSoup:
        """A page, parsed."""
        return BeautifulSoup((self.folder / f"{name}.html").read_text("utf-8"), "html.parser")


def build_project(folder: Path, pages: dict[str, str], **config: Any) -> Built:
    """Build pages as the book is built: warnings as errors, every reference must resolve.

    Args:
        folder: an empty folder.
        pages: file name to content.
        config: Sphinx settings; cells are not executed unless ``nb_execution_mode`` says so.
    """
    source, output = folder / "source", folder / "html"
    for name, content in pages.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    settings = {
        "extensions": EXTENSIONS,
        "html_theme": "basic",
        "myst_enable_extensions": ["dollarmath", "colon_fence"],
        "nb_execution_mode": "off",
        "nitpicky": True,
        "numfig": True,
    }
    log = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ))  # the extension tells the cells that this is the book
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # Sphinx's dependencies warn about one another
        stack.enter_context(patch_docutils())
        stack.enter_context(docutils_namespace())
        app = Sphinx(
            srcdir=source,
            confdir=None,
            outdir=output,
            doctreedir=folder / "doctrees",
            buildername="html",
            confoverrides=settings | config,
            status=None,
            warning=log,
            warningiserror=True,
            keep_going=True,
        )
        app.build(force_all=True)
    lines = re.findall(r"^.*?(?:WARNING|ERROR): (.*)$", strip_colors(log.getvalue()), re.MULTILINE)
    return Built(app.statuscode, lines, output)


def notebook(*outputs: dict[str, Any], code: str = "show()") -> str:
    """A notebook with one executed code cell.

    Args:
        outputs: MIME bundles that the cell showed.
        code: the cell's text.
    """
    shown = [nbformat.v4.new_output("display_data", data) for data in outputs]
    cell = nbformat.v4.new_code_cell(code, execution_count=1, outputs=shown)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_markdown_cell("# Title"), cell]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=kernel))
