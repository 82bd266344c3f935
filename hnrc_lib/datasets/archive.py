"""Unpack an archive from elsewhere without letting it write anywhere else."""

import hashlib
import lzma
import re
import tarfile
import zlib
from collections.abc import Container
from pathlib import Path, PurePosixPath

from hnrc_lib.datasets.errors import FetchError

_BLOCK_BYTES = 1 << 18


def extract_archive(
    archive: Path, destination: Path, *, wanted: Container[str] | None = None, strip_top: bool = False
) -> dict[str, str]:
    """Write the regular files of a tar archive below a folder, hashing each as it is written.

    Refused, with the member named, is every archive that holds an absolute path, a path that leaves the
    folder, a link of either kind, a device or a pipe, or two files of one name, wanted or not: a corpus
    has none of them. Owners, times and modes of the archive are not taken over.

    Args:
        archive: tar, plain or compressed with gzip, bzip2 or xz.
        destination: an empty folder, or one that does not exist yet.
        wanted: the paths to write, after stripping; all of them when left out.
        strip_top: whether the first folder of every path is left out, as in GitHub's archives.

    Returns:
        Path relative to the destination → SHA-256 of the file written there.

    Raises:
        FetchError: no tar archive, a truncated or damaged one, or one that is refused.

    >>> import io, tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     path = Path(name, "a.tar.gz")
    ...     with tarfile.open(path, "w:gz") as tar:
    ...         tar.addfile(tarfile.TarInfo("an4-1.0/etc/empty"), io.BytesIO())
    ...     sorted(extract_archive(path, Path(name, "an4"), strip_top=True))
    ['etc/empty']
    """
    hashes: dict[str, str] = {}
    seen: set[str] = set()
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                path = _checked_path(archive, member, destination, strip_top)
                if path is None:
                    continue
                if path in seen:
                    raise FetchError(f"{archive.name}: member {member.name!r} comes twice")
                seen.add(path)
                if wanted is None or path in wanted:
                    hashes[path] = _write(tar, member, destination / path)
    except (tarfile.ReadError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise FetchError(f"{archive.name} is no tar archive, or truncated or damaged: {error}") from error
    return hashes


def _checked_path(archive: Path, member: tarfile.TarInfo, destination: Path, strip_top: bool) -> str | None:
    """Where the member goes, relative to the destination; None for folders."""
    name, path = member.name, PurePosixPath(member.name)
    if path.is_absolute() or re.match(r"[A-Za-z]:", name):
        reason = "has an absolute path"
    elif ".." in path.parts or "\\" in name:
        reason = "has a path that leaves the folder"
    elif member.issym() or member.islnk():
        reason = f"is a link, to {member.linkname!r}"
    elif not (member.isfile() or member.isdir()):
        reason = "is neither a file nor a folder"
    else:
        try:
            # The library's own rules beside ours: it knows of cases that a reader of names does not see.
            tarfile.data_filter(member, str(destination))
        except tarfile.FilterError as error:
            raise FetchError(f"{archive.name}: member {name!r} is refused: {error}") from error
        parts = path.parts[1:] if strip_top else path.parts
        return "/".join(parts) if member.isfile() and parts else None
    raise FetchError(f"{archive.name}: member {name!r} {reason}; nothing of the archive is used")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    """Copy a regular file's content to a new file; its SHA-256. Less than the archive promises is damage."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None, "a regular file has content"
    digest, written = hashlib.sha256(), 0
    with content, target.open("xb") as file:
        while block := content.read(_BLOCK_BYTES):
            digest.update(block)
            written += file.write(block)
    if written != member.size:
        raise EOFError(f"{member.name} has {written} of {member.size} bytes")
    return digest.hexdigest()
