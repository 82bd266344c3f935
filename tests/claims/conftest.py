"""Each claim is measured once for all tests of the ledger."""

from functools import cache
from pathlib import Path

import pytest

from hnrc_lib.claims import LEDGER

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """One process runs all tests of the claims, so that two do not measure the same ones."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("claims"))


@pytest.fixture(scope="session")
def measured():
    """The evidence of a claim, by id."""
    return cache(lambda identifier: LEDGER[identifier].run())
