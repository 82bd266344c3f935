"""``make serve``: show the built site in the browser, from this machine only."""

import argparse
import contextlib
import functools
import http.server
import sys
import webbrowser
from pathlib import Path

from hnrc_lib.book.build import site_folder


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - the base class declares it so
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def log_message(self, format: str, *args: object) -> None:
        """Print failed requests only."""
        if len(args) > 1 and str(args[1]) >= "400":
            super().log_message(format, *args)


def make_server(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server for a folder on 127.0.0.1.

    Args:
        folder: what to serve.
        port: 0 takes a free one.
    """
    handler = functools.partial(_Handler, directory=str(folder))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def main(arguments: list[str] | None = None) -> int:
    """Command line: serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m hnrc_lib.book.serve", description=main.__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path.cwd(), help="folder of _config.yml")
    parser.add_argument("--port", type=int, default=0, help="port, a free one by default")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    options = parser.parse_args(arguments)
    folder = site_folder(options.root.resolve())
    if not (folder / "index.html").is_file():
        print(f"no site in {folder}: run `make book` first", file=sys.stderr)
        return 1
    with make_server(folder, options.port) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"The book is at {address} (Ctrl-C stops)", flush=True)
        if not options.no_browser:
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
