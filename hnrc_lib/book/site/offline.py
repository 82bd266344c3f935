"""Everything a page loads, copied into the site from installed packages: no request leaves the machine."""

import importlib.util
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

PACKAGE = Path(__file__).resolve().parents[1]
WIDGET_HOST = PACKAGE.parent / "widgets" / "host.js"
# Of MathJax: TeX in, HTML out, and what its menu offers to readers who listen (in English).
_MATHJAX_PARTS = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
    "sre/mathmaps/nemeth.json",
)


def configure(app: Sphinx, config: Config) -> None:
    """Point Sphinx, MyST-NB and the theme at files of the site instead of addresses of the network."""
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.mathjax_options = {"async": "async"}  # deferred, it would hold up the widgets
    config.html_static_path.append(str(PACKAGE / "static"))
    config.html_static_path.append(str(WIDGET_HOST))
    config.templates_path.insert(0, str(PACKAGE / "templates"))
    config.html_favicon = config.html_favicon or str(PACKAGE / "static" / "favicon.svg")
    config.nb_ipywidgets_js = {WIDGET_HOST.name: {"defer": "defer"}}
    config.nb_mime_priority_overrides = [["html", "text/html", 5], *config.nb_mime_priority_overrides]
    app.add_css_file("hnrc-book.css", priority=900)
    app.add_js_file("hnrc-book.js", defer="defer")


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copy the needed part of MathJax (from ``sphinx-mathjax-offline``) once the pages are written."""
    if exception is not None or app.builder.format != "html":
        return
    source, target = mathjax_folder(), Path(app.outdir) / "_static" / "mathjax"
    for part in _MATHJAX_PARTS:
        goal = target / part
        goal.parent.mkdir(parents=True, exist_ok=True)
        copy_asset(str(source / part), str(goal if (source / part).is_dir() else goal.parent))


def mathjax_folder() -> Path:
    """Where the installed package keeps MathJax.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the book needs sphinx-mathjax-offline: pip install 'hnrc-lib[book]'")
    return Path(package.origin).parent / "static" / "mathjax"
