"""The built site that the page tests look at."""

import gzip
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

SITE_VARIABLE = "HNRC_SITE"
_COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".ipynb"}
_SHARED = re.compile(r"/(_static/.*|searchindex\.js)$")


def site_folder() -> Path:
    """The site under test: ``_build/html``, or the folder that ``HNRC_SITE`` names."""
    default = Path(__file__).resolve().parents[2] / "_build" / "html"
    return Path(os.environ.get(SITE_VARIABLE) or default)


def require_site() -> Path:
    """The site's folder; the test fails when there is none, as `make test` builds it before."""
    folder = site_folder()
    if not (folder / "index.html").is_file():
        pytest.fail(f"no site in {folder}: run `make book` first", pytrace=False)
    return folder


def page_names() -> list[str]:
    """Every page of the site, ``chapters/hessian/damping.html`` and the like."""
    folder = site_folder()
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    return [name for name in found if not name.startswith("_static/")]


def sent_bytes(file: Path) -> int:
    """What a server sends for a file: compressed, unless its format already is."""
    content = file.read_bytes()
    return len(gzip.compress(content, 6)) if file.suffix in _COMPRESSED else len(content)


def weigh(addresses: set[str], folder: Path) -> tuple[int, int]:
    """Bytes of a first visit, and of a visit after another page.

    Args:
        addresses: what the page requested.
        folder: the site.

    Returns:
        Bytes of everything, and of what other pages do not load as well.
    """
    first = later = 0
    for path in {urlparse(address).path for address in addresses if address.startswith("http")}:
        file = folder / unquote(path).lstrip("/")
        size = sent_bytes(file / "index.html" if file.is_dir() else file)
        first += size
        later += 0 if _SHARED.search(path) else size
    return first, later
