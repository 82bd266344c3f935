"""What a twin says before it computes: versions, device, data. Needs the library alone."""

import os
import platform
from importlib.metadata import version

import torch

from hnrc_lib import __version__
from hnrc_lib.paths import DATA_DIR_VARIABLE, corpora_dir, shipped


def report() -> None:
    """Print versions, device and data.

    >>> report()
    Python ... · torch ... · numpy ... · hnrc_lib ...
    Device: ...
    Data: ...
    """
    print(versions())
    print(f"Device: {device()}")
    print(f"Data: {data()}")


def versions() -> str:
    """Versions of what computes."""
    parts = {"Python": platform.python_version(), "torch": torch.__version__, "numpy": version("numpy")}
    return " · ".join(f"{name} {number}" for name, number in (parts | {"hnrc_lib": __version__}).items())


def device() -> str:
    """The card, or the processor's cores."""
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    return f"CPU, {os.cpu_count()} cores; no page needs a GPU"


def data() -> str:
    """The corpora at hand: the shipped digits, and real speech where ``HNRC_DATA_DIR`` names some.

    Raises:
        FileNotFoundError: the shipped corpus is missing, or the folder named does not exist.
    """
    digits = shipped("digits")
    if not digits.is_dir():
        raise FileNotFoundError(f"the library must hold its small corpus, got nothing at {digits}")
    folder = corpora_dir()
    found = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder else []
    real = f"{', '.join(found)} in {folder}" if found else f"none ({DATA_DIR_VARIABLE} may name a folder)"
    return f"shipped digits, synthetic speech, no download. Real speech: {real}"
