"""The real corpora, where a folder that holds them is named, each loaded once."""

import os
from collections.abc import Callable

import pytest

from hnrc_lib.datasets import Corpus, load_an4, load_fsdd


@pytest.fixture(scope="session")
def fsdd() -> Corpus:
    """FSDD from ``HNRC_DATA_DIR``; in CI a folder without it is a failure, not a skip."""
    return _loaded(load_fsdd)


@pytest.fixture(scope="session")
def an4() -> Corpus:
    """AN4, both parts, likewise."""
    return _loaded(load_an4)


def _loaded(load: Callable[[], Corpus]) -> Corpus:
    try:
        return load()
    except FileNotFoundError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"real speech: {error}")
