"""Manifests: which files a published corpus has, and the SHA-256 of each."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hnrc_lib.datasets.errors import FetchError
from hnrc_lib.files import replace_file


@dataclass(frozen=True)
class Manifest:
    """The files of one version of a corpus.

    Attributes:
        name: of the corpus.
        version: the tag, commit or number that was published.
        source: address of the archive.
        note: what the reader must know, for example which hashes are unknown and why.
        files: path relative to the corpus's folder → SHA-256 in hexadecimal; None where the file is
            part of the corpus but its hash is unknown.
    """

    name: str
    version: str
    source: str
    note: str
    files: Mapping[str, str | None]


def read_manifest(path: Path) -> Manifest:
    """Read what ``write_manifest`` wrote.

    Raises:
        FetchError: it is no manifest.
        OSError: it cannot be read.
    """
    try:
        return Manifest(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise FetchError(f"{str(path)!r} is no manifest: {error}") from error


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write as JSON, files sorted, one a line, beside the path and renamed into place."""
    text = json.dumps(asdict(manifest) | {"files": dict(sorted(manifest.files.items()))}, indent=1)
    replace_file(path, (text + "\n").encode())


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> dict[str, str]:
    """Path relative to the folder → SHA-256 of every file below it; hidden files are left out.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = Path(name, "empty").write_bytes(b"")
    ...     {path: sha256[:8] for path, sha256 in hash_folder(Path(name)).items()}
    {'empty': 'e3b0c442'}
    """
    found = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                path = Path(parent, name)
                found[path.relative_to(folder).as_posix()] = hash_file(path)
    return found


def find_faults(folder: Path, files: Mapping[str, str | None]) -> dict[str, str]:
    """What is wrong with a folder: path → ``"missing"`` or ``"damaged"``, in the manifest's order.

    A file whose hash is unknown is there or it is missing. Files that the manifest does not name are no
    fault.

    >>> find_faults(Path("."), {"no such file.wav": None})
    {'no such file.wav': 'missing'}
    """
    faults = {}
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file():
            faults[name] = "missing"
        elif sha256 is not None and hash_file(path) != sha256:
            faults[name] = "damaged"
    return faults


def name_some(names: Iterable[str], most: int = 5) -> str:
    """The first few names, and how many more there are.

    >>> name_some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
