"""Download an archive with pooch, going on where an earlier attempt stopped."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hnrc_lib.datasets.errors import FetchError

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], None]

_BLOCK_BYTES = 1 << 16  # what a broken connection loses at most
_TIMEOUT_SECONDS = 30
_PARTIAL, _UNSATISFIABLE = 206, 416


def download_archive(
    url: str,
    folder: Path,
    *,
    sha256: str | None = None,
    retries: int = 3,
    wait_seconds: float = 2.0,
    progress: Progress | None = None,
) -> Path:
    """Bring one file into a folder, whole and checked, or say why not.

    Args:
        url: address; its last part names the file.
        folder: made where it is not there. A ``.part`` file in it is what an earlier attempt left.
        sha256: in hexadecimal; unchecked when None, for what has no stable hash.
        retries: further attempts after a connection that broke off, ≥ 0; each goes on where it stopped.
        wait_seconds: before a further attempt.
        progress: called with the bytes there and the bytes in all (None where the server does not say).

    Returns:
        Path of the file. One that is already there with the hash asked for is not fetched again.

    Raises:
        FetchError: no connection, a refusal of the server, another hash (the file is deleted).
    """
    import pooch
    import requests

    base, _, name = url.rpartition("/")
    keeper = pooch.create(path=folder, base_url=base, registry={name: sha256 and f"sha256:{sha256}"})
    # pooch calls it with three positional arguments; its annotation names them otherwise.
    downloader: Any = ResumingDownloader(
        folder / f"{name}.part", retries=retries, wait_seconds=wait_seconds, progress=progress
    )
    # pooch logs each download at INFO; the caller's progress says the same.
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        return Path(keeper.fetch(name, downloader=downloader))
    except requests.RequestException as error:
        raise FetchError(f"cannot download {url}: {error}") from error
    except ValueError as error:
        raise FetchError(f"{url} is not the file expected: {error}") from error
    finally:
        logger.setLevel(level)


class ResumingDownloader:
    """A downloader for pooch that keeps what it has in a ``.part`` file and asks for the rest.

    It sends ``Range``, and ``If-Range`` with the tag of the first answer, so that a file that changed on
    the server comes whole. A server that knows no ranges sends everything, and the part is overwritten.

    Args:
        part: where the bytes are kept until all are there; its tag lies beside it.
        retries: further attempts after a broken connection, ≥ 0.
        wait_seconds: before a further attempt.
        progress: called with (bytes there, bytes in all or None).
    """

    def __init__(
        self, part: Path, *, retries: int = 3, wait_seconds: float = 2.0, progress: Progress | None = None
    ) -> None:
        self.part = part
        self.tag = part.with_name(f"{part.name}.tag")
        self.retries = retries
        self.wait_seconds = wait_seconds
        self.progress = progress or (lambda done, total: None)

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Fetch ``url`` and rename the finished part to ``output_file``.

        Raises:
            requests.RequestException: no connection, or a refusal; the part stays.
        """
        import requests

        broken = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        for left in reversed(range(self.retries + 1)):
            try:
                self._attempt(url)
                break
            except broken:
                if left == 0:
                    raise
                time.sleep(self.wait_seconds)
        os.replace(self.part, output_file)
        self.tag.unlink(missing_ok=True)

    def _attempt(self, url: str) -> None:
        import requests

        there = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if there:
            headers["Range"] = f"bytes={there}-"
            if self.tag.exists():
                headers["If-Range"] = self.tag.read_text("utf-8")
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS) as response:
            content_range = response.headers.get("Content-Range", "")
            if response.status_code == _UNSATISFIABLE and content_range == f"bytes */{there}":
                return  # nothing is left to send: the last attempt ended before it could rename
            if response.status_code == _UNSATISFIABLE:
                self.part.unlink()
                raise requests.ConnectionError(f"{self.part.name} is longer than the file; starting anew")
            response.raise_for_status()
            resumed = response.status_code == _PARTIAL and content_range.startswith(f"bytes {there}-")
            if not resumed:
                self._remember_tag(response)
            self._receive(response, there if resumed else 0)

    def _remember_tag(self, response: "requests.Response") -> None:
        tag = response.headers.get("ETag", "")
        if tag and not tag.startswith("W/"):
            self.tag.write_text(tag, "utf-8")
        else:
            self.tag.unlink(missing_ok=True)

    def _receive(self, response: "requests.Response", done: int) -> None:
        import requests

        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with self.part.open("ab" if done else "wb") as file:
            for block in response.iter_content(_BLOCK_BYTES):
                file.write(block)
                done += len(block)
                self.progress(done, total)
        if total is not None and done != total:
            raise requests.ConnectionError(f"the connection ended after {done} of {total} bytes")
