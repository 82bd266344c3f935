"""Where shipped files and downloaded corpora lie."""

import os
from pathlib import Path

DATA_DIR_VARIABLE = "HNRC_DATA_DIR"
_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Path of a file that ships with the book, from a checkout and from an installed wheel alike.

    Args:
        parts: path below ``data/``, for example ``"runs", "fsdd_cnn.json"``.

    Returns:
        The path; it need not exist.

    >>> shipped("digits").name
    'digits'
    """
    inside_wheel = _PACKAGE / "_data"
    root = inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / "data"
    return root.joinpath(*parts)


def corpora_dir(data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Folder that holds corpora as published (``fsdd/``, ``an4/``), or None if none is named.

    Args:
        data_dir: the folder; without it, the environment variable ``HNRC_DATA_DIR`` is read.

    Raises:
        FileNotFoundError: a folder is named but does not exist.
    """
    named = data_dir if data_dir is not None else os.environ.get(DATA_DIR_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        source = "data_dir" if data_dir is not None else DATA_DIR_VARIABLE
        raise FileNotFoundError(f"{source} must name an existing folder, got {str(folder)!r}")
    return folder
