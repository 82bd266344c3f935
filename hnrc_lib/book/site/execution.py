"""Code cells run again when the library changes, not only when the cell does."""

import os
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from hnrc_lib.book.site.fingerprint import outputs_fingerprint
from hnrc_lib.book.words import BOOK_VARIABLE

PREFIX = "jupyter-cache-"
KEPT = 3
PROCESSES = min(2, os.cpu_count() or 1)


def configure(app: Sphinx, config: Config) -> None:
    """Give every state of the library its own execution cache, and tell the cells that this is the book.

    jupyter-cache looks at the text of the code cells alone, so that a page would go on showing what an older
    library computed.
    """
    os.environ[BOOK_VARIABLE] = "1"
    config.nb_execution_cache_path = str(cache_folder(Path(app.srcdir) / "_build", outputs_fingerprint()))


def read_side_by_side(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Sphinx's ``env-before-read-docs`` event: two pages run at a time, each in a process of its own."""
    # It numbers the parts once all pages are read, and leaves out that it does not mind who read them.
    if numbering := app.extensions.get("sphinx_multitoc_numbering"):
        numbering.parallel_read_safe = True
    app.parallel = max(app.parallel, PROCESSES)


def write_alone(app: Sphinx, env: BuildEnvironment) -> None:
    """Sphinx's ``env-updated`` event: pages are written by the one process that knows all of them."""
    app.parallel = 1


def cache_folder(folder: Path, fingerprint: str) -> Path:
    """The cache for one state of the library; the oldest of the others are removed.

    Args:
        folder: where the caches lie.
        fingerprint: of all that outputs depend on.
    """
    cache = folder / f"{PREFIX}{fingerprint[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    cache.touch()
    by_age = sorted(folder.glob(f"{PREFIX}*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_age[KEPT:]:
        shutil.rmtree(old)
    return cache
