"""Shape annotations are executed in every test; a test that lacks what it needs says so, and fails in CI."""

import os

import pytest
from jaxtyping import install_import_hook

install_import_hook("hnrc_lib", "beartype.beartype")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("speech") and not os.environ.get("HNRC_DATA_DIR"):
        _absent("HNRC_DATA_DIR names no folder of corpora (fsdd/ as published)")
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA card on this machine")


def _absent(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must not skip: {reason}", pytrace=False)
    pytest.skip(reason)
