"""``python -m hnrc_lib.book.twins``: write the notebooks, or check them against the chapters."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hnrc_lib.book.twins.sync import stale_twins, write_twins


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: as on the command line; without them, the command line's own.

    Returns:
        0, or 1 where a notebook is stale or a chapter cannot be converted.
    """
    parser = argparse.ArgumentParser("python -m hnrc_lib.book.twins", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a notebook is stale")
    parser.add_argument("--address", help="the repository's address, in place of the one in _config.yml")
    parser.add_argument("--book", type=Path, default=Path(), help="the book's folder (default: here)")
    chosen = parser.parse_args(arguments)
    if chosen.check and chosen.address is not None:
        parser.error("--address must stand without --check, which compares no address")
    try:
        return _check(chosen.book) if chosen.check else _write(chosen.book, chosen.address)
    except (ValueError, FileNotFoundError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


def _check(root: Path) -> int:
    stale = stale_twins(root)
    for path in stale:
        print(f"stale: {path.relative_to(root)}", file=sys.stderr)
    if stale:
        print("the notebooks differ from the chapters; run: make notebooks", file=sys.stderr)
    return int(bool(stale))


def _write(root: Path, address: str | None) -> int:
    changed = write_twins(root, address=address)
    for path in changed:
        print(f"{'wrote' if path.exists() else 'removed'} {path.relative_to(root)}")
    if not changed:
        print("the notebooks are in step with the chapters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
