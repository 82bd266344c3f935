"""The real Free Spoken Digit Dataset, where a folder of corpora is named."""

import os

import pytest

from hnrc_lib.datasets import Corpus, load_fsdd


@pytest.fixture(scope="session")
def fsdd() -> Corpus:
    """FSDD from ``HNRC_DATA_DIR``; in CI a folder without it is a failure, not a skip."""
    try:
        return load_fsdd()
    except FileNotFoundError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"real speech: {error}")
