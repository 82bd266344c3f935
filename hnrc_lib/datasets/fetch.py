"""Fetch a published corpus: download, unpack beside, check every file, rename."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hnrc_lib.datasets.archive import extract_archive
from hnrc_lib.datasets.download import Progress, download_archive
from hnrc_lib.datasets.errors import FetchError
from hnrc_lib.datasets.manifest import Manifest, find_faults, name_some, read_manifest, write_manifest
from hnrc_lib.datasets.sources import Source

RECORD = ".hnrc-manifest.json"


@dataclass(frozen=True)
class Fetched:
    """What a fetch did.

    Attributes:
        folder: where the corpus is.
        placed: files written, relative to the folder; empty when there was nothing to do.
        unverified: files whose hash no manifest knows, taken as they came.
    """

    folder: Path
    placed: tuple[str, ...]
    unverified: tuple[str, ...]


def check_corpus(source: Source, data_dir: str | os.PathLike[str]) -> dict[str, str] | None:
    """Compare a corpus with its manifest, file by file.

    Args:
        source: the corpus.
        data_dir: folder of corpora.

    Returns:
        Path → ``"missing"`` or ``"damaged"``, empty when all is well; None where neither a shipped manifest
        nor one written by an earlier fetch says what should be there.
    """
    folder = Path(data_dir) / source.name
    files = _expected(source, folder)
    return find_faults(folder, files) if files else None


def fetch_corpus(
    source: Source,
    data_dir: str | os.PathLike[str],
    *,
    base_url: str | None = None,
    retries: int = 3,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Fetched:
    """Bring a corpus into ``data_dir/NAME``, or mend the one that is there.

    The archive goes to ``data_dir/.downloads``, where an attempt that was cut off goes on; it is unpacked
    into ``data_dir/.NAME.part``, every file is compared with the manifest, and only then is the folder
    renamed, or a missing or damaged file replaced in a folder that was there. Other files in that folder are
    left alone. One fetch of a corpus at a time.

    Args:
        source: from ``SOURCES``.
        data_dir: folder of corpora, made where it is not there.
        base_url: another server with the same paths.
        retries: further attempts after a broken connection, ≥ 0.
        progress: called with (bytes there, bytes in all or None) during the download.
        say: called with one line for each step.

    Raises:
        FetchError: no download, an archive that is damaged, unsafe, or not the one of the manifest. What was
            there before is as it was.
        OSError: the folder cannot be written.
    """
    root = Path(data_dir).expanduser()
    folder, staging, downloads = root / source.name, root / f".{source.name}.part", root / ".downloads"
    expected = _expected(source, folder)
    if folder.is_dir() and expected:
        faults = find_faults(folder, expected)
        if not faults:
            return Fetched(folder, (), ())
        say(f"{len(faults)} files to mend: {name_some(f'{path} ({what})' for path, what in faults.items())}")
    if base_url is not None:
        source = replace(source, base_url=base_url.rstrip("/"))
    say(f"downloading {source.url}")
    archive = download_archive(
        source.url, downloads / source.name, sha256=source.sha256, retries=retries, progress=progress
    )
    say("unpacking and checking")
    try:
        placed, unverified = _install(source, archive, staging, folder)
    except FetchError:
        archive.unlink()  # it would fail its check again
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(archive.parent)
    return Fetched(folder, placed, unverified)


def _expected(source: Source, folder: Path) -> dict[str, str | None]:
    """The shipped manifest's files; hashes it lacks, and files where there is none, from the last fetch."""
    shipped, record = source.files(), folder / RECORD
    recorded = dict(read_manifest(record).files) if record.is_file() else {}
    if not shipped:
        return recorded
    return {path: sha256 or recorded.get(path) for path, sha256 in shipped.items()}


def _install(
    source: Source, archive: Path, staging: Path, folder: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Unpack, check, and rename into place: (files placed, files without a known hash)."""
    known = source.files()
    shutil.rmtree(staging, ignore_errors=True)
    hashes = extract_archive(archive, staging, wanted=known or None, strip_top=source.strip_top)
    wrong = [f"{path} (missing)" for path in known if path not in hashes]
    wrong += [f"{path} (damaged)" for path in hashes if known.get(path) not in (None, hashes[path])]
    if wrong or not hashes:
        raise FetchError(
            f"the archive is not {source.title} {source.version}: {len(wrong)} of {len(known)} files differ "
            f"from the manifest: {name_some(wrong)}"
        )
    note = "What the last fetch wrote."
    write_manifest(Manifest(source.name, source.version, source.url, note, dict(hashes)), staging / RECORD)
    if folder.is_dir():
        placed = tuple(find_faults(folder, hashes))
        for path in (*placed, RECORD):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).replace(folder / path)
    else:
        staging.replace(folder)
        placed = tuple(hashes)
    return placed, tuple(path for path, sha256 in known.items() if sha256 is None)
