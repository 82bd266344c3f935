"""``make book``: execute every notebook and build the site, warnings as errors, if anything changed.

The new site is built beside the old one and takes its place only when it is whole, so that a site which
claims to be fresh is one.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from hnrc_lib.book.site.fingerprint import STAMP, site_fingerprint
from hnrc_lib.book.words import BOOK_VARIABLE


def site_folder(root: Path) -> Path:
    """Where the site of a book lies."""
    return root / "_build" / "html"


def is_fresh(root: Path) -> bool:
    """Whether the site was built from exactly what is there now.

    Args:
        root: folder of ``_config.yml``.
    """
    stamp = site_folder(root) / STAMP
    return stamp.is_file() and stamp.read_text("utf-8") == site_fingerprint(root)


def build(root: Path) -> int:
    """Build the site from scratch; outputs of cells that cannot have changed come from the cache.

    Args:
        root: folder of ``_config.yml`` and ``_toc.yml``.

    Returns:
        Exit status of jupyter-book; the former site is left alone unless it is 0.
    """
    staging = root / "_build" / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    fingerprint = site_fingerprint(root)
    program = [sys.executable, "-c", "import sys; from jupyter_book.cli.main import main; sys.exit(main())"]
    options = ["--path-output", str(staging), "--all", "-W", "-n", "--keep-going"]
    # Two pages run at a time: their threads would only wait for each other.
    variables = {"OMP_NUM_THREADS": "1"} | os.environ | {BOOK_VARIABLE: "1"}
    done = subprocess.run([*program, "build", str(root), *options], cwd=root, env=variables, check=False)
    if done.returncode == 0:
        built = staging / "_build" / "html"
        (built / STAMP).write_text(fingerprint, "utf-8")
        _replace(site_folder(root), built)
        shutil.rmtree(staging)
    return done.returncode


def _replace(old: Path, new: Path) -> None:
    """Put a new folder in the place of an old one."""
    aside = old.with_name(old.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Command line: build unless the site is up to date; say where it lies and how long it took."""
    parser = argparse.ArgumentParser(prog="python -m hnrc_lib.book.build", description=main.__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path.cwd(), help="folder of _config.yml")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    if not (root / "_config.yml").is_file():
        parser.error(f"root must be a folder with a _config.yml, got {str(root)!r}")
    page = site_folder(root) / "index.html"
    if not options.force and is_fresh(root):
        print(f"The book is up to date: {page}")
        return 0
    started = time.perf_counter()
    status = build(root)
    seconds = time.perf_counter() - started
    if status != 0:
        print(f"The book was not built ({seconds:.0f} s): see the warnings above.", file=sys.stderr)
        return status
    print(f"The book is built in {seconds:.0f} s: {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
