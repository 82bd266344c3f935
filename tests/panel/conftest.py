import pytest

from hnrc_lib.training.corpora import Parts, load_parts


@pytest.fixture(scope="session")
def few():
    """Few of the shipped digits: all ten, two batches to train on."""
    parts = load_parts("digits")
    return Parts(parts.train[::9], parts.validation[::7], parts.test[::7])
