"""``make links``: follow every link of the built site, those to other sites too.

The site is served, as ``linkchecker`` reads files as another user when root starts it.
"""

import argparse
import subprocess
import sys
import threading
from pathlib import Path

from hnrc_lib.book.build import site_folder
from hnrc_lib.book.serve import make_server


def check_links(folder: Path, config: Path) -> int:
    """Follow the links of a site.

    Args:
        folder: the site, with an ``index.html``.
        config: linkchecker's configuration.

    Returns:
        linkchecker's exit status: 0 where every link leads somewhere.
    """
    program = [sys.executable, "-m", "linkcheck", "--config", str(config)]
    with make_server(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/index.html"
        done = subprocess.run([*program, address], check=False)
        server.shutdown()
    return done.returncode


def main(arguments: list[str] | None = None) -> int:
    """Command line: check the site of a book."""
    parser = argparse.ArgumentParser(prog="python -m hnrc_lib.book.links", description=main.__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path.cwd(), help="folder of _config.yml")
    root = parser.parse_args(arguments).root.resolve()
    folder = site_folder(root)
    if not (folder / "index.html").is_file():
        print(f"no site in {folder}: run `make book` first", file=sys.stderr)
        return 1
    return check_links(folder, root / ".linkchecker.ini")


if __name__ == "__main__":
    sys.exit(main())
