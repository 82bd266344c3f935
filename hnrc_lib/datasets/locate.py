"""Where a published corpus lies, what to say where it does not, and its recordings as WAV or FLAC."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from hnrc_lib.paths import DATA_DIR_VARIABLE, corpora_dir

SUFFIXES = (".flac", ".wav")


def find_corpus(
    title: str,
    fetched_as: str,
    data_dir: str | os.PathLike[str] | None,
    folders: Iterable[str],
    holds: Callable[[Path], bool],
    *,
    sought: str,
) -> Path:
    """The first of the folders below the folder of corpora that holds the corpus.

    Args:
        title: of the corpus, for messages.
        fetched_as: what ``hnrc data fetch`` calls it.
        data_dir: folder of corpora; without it the environment variable ``HNRC_DATA_DIR`` is read.
        folders: tried in this order, relative to the folder of corpora.
        holds: whether an existing folder holds the corpus.
        sought: the files that were looked for, for messages.

    Raises:
        FileNotFoundError: no folder is named, or the corpus is in none of them; says how to get it.

    >>> find_corpus("FSDD", "fsdd", ".", ["fsdd"], lambda folder: False, sought="fsdd/recordings/*.wav")
    Traceback (most recent call last):
        ...
    FileNotFoundError: FSDD is needed, but there is no fsdd/recordings/*.wav in '.'; get it with:
    hnrc data fetch fsdd --data-dir FOLDER — and name that FOLDER, HNRC_DATA_DIR=FOLDER or data_dir='FOLDER'
    """
    root = corpora_dir(data_dir)
    get_it = (
        f"get it with: hnrc data fetch {fetched_as} --data-dir FOLDER — and name that FOLDER, "
        f"{DATA_DIR_VARIABLE}=FOLDER or data_dir='FOLDER'"
    )
    if root is None:
        raise FileNotFoundError(
            f"{title} is needed, but no folder of corpora is named: {DATA_DIR_VARIABLE} is not set; {get_it}"
        )
    for folder in folders:
        if (root / folder).is_dir() and holds(root / folder):
            return root / folder
    raise FileNotFoundError(f"{title} is needed, but there is no {sought} in {str(root)!r}; {get_it}")


def recordings_in(folder: Path) -> list[Path]:
    """The folder's WAV and FLAC files, sorted; where both have one name, the WAV, as it was published.

    Hidden files, such as the ``._*`` that macOS leaves on foreign disks, are no recordings.

    >>> recordings_in(Path("."))
    []
    """
    found = [path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")]
    # ".wav" sorts after ".flac" and so replaces it.
    return sorted({path.stem: path for path in sorted(found, key=lambda path: path.suffix)}.values())


def recording(stem: Path) -> Path | None:
    """The file of that name with the suffix of a recording, a WAV before a FLAC; None where there is none.

    >>> recording(Path("no such recording")) is None
    True
    """
    candidates = [stem.with_name(stem.name + suffix) for suffix in reversed(SUFFIXES)]
    return next((path for path in candidates if path.is_file()), None)
