"""A server in a thread that serves bytes, dies half-way when told to, and remembers what it was asked."""

import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer:
    """Files under their paths.

    Attributes:
        files: path without the leading slash → content; an absent path is answered with 404.
        asked: (path, Range, If-Range) of every request, in order.
        deaths: how many bytes the next answers send before the connection is cut, first one first.
        ranges: whether Range is obeyed.
        tags: path → ETag.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.deaths: list[int] = []
        self.ranges = True
        self.tags: dict[str, str] = {}
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.lstrip("/")
        wanted, tag = handler.headers.get("Range"), handler.headers.get("If-Range")
        self.asked.append((path, wanted, tag))
        if path not in self.files:
            handler.send_error(404)
            return
        content = self.files[path]
        if not self.ranges or (tag is not None and tag != self.tags.get(path)):
            wanted = None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and start >= len(content):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if path in self.tags:
            handler.send_header("ETag", self.tags[path])
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        sent = content[start:]
        if self.deaths:
            sent = sent[: self.deaths.pop(0)]
            handler.close_connection = True
        handler.wfile.write(sent)


@contextmanager
def serve() -> Iterator[LocalServer]:
    """A server on a free port of this machine, until the block ends."""
    server = LocalServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def tar_gz(files: Mapping[str, bytes], *special: tarfile.TarInfo) -> bytes:
    """An archive of the files, then of special members without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in special:
            tar.addfile(member)
    return stream.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member that is no file: a link to a target, a device, a pipe."""
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member
