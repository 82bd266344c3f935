"""Each claim is measured once for all tests of the ledger."""

from functools import cache

import pytest

from hnrc_lib.claims import LEDGER


@pytest.fixture(scope="session")
def measured():
    """The evidence of a claim, by id."""
    return cache(lambda identifier: LEDGER[identifier].run())
