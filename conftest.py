"""Shape annotations are executed in every test; a test that lacks what it needs says so, and fails in CI."""

import functools
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# The numeric tower of PEP 484: an int is accepted where a float is annotated, as for every reader.
BEARTYPE = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook("hnrc_lib", BEARTYPE)

# Doctests import every module, and triton is there for Linux alone.
_KERNELS = ["hnrc_lib/sequence/ctc_triton_lattice.py", "hnrc_lib/sequence/ctc_triton_tangent.py"]
collect_ignore = [] if find_spec("triton") else _KERNELS

# A busy machine is no failure: the time of one example says nothing about its truth.
settings.register_profile("hnrc", deadline=None)
settings.load_profile("hnrc")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``-n``, what goes to one process: see :func:`group_of`."""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid.partition("::")[0], config.rootpath)

    return Grouped(config, log)


BOOK_PAGES, WIDGET_PAGES, CLAIMS = "pages of the book", "pages of widgets", "claims"
# Groups that take minutes: with ``-n`` and ``--no-loadscope-reorder`` they begin first, so that none is left
# over at the end for one process alone.
FIRST = (
    BOOK_PAGES,
    WIDGET_PAGES,
    CLAIMS,
    "tests/training/test_engine_curvature.py",
    "tests/curvature/test_trace.py",
    "tests/test_wheel.py",
    "tests/experiments/test_fsdd_cnn.py",
)


@functools.cache
def group_of(file: str, root: Path) -> str:
    """Tests of one group run in one process of ``-n``, one after the other.

    A file stays whole, so that its fixtures are made once. Files that open pages of the book go together, and
    so do those that open widgets: more browsers on two cores would only wait for each other. So do the
    claims, each measured once for all.
    """
    if file.startswith("tests/claims/"):
        return CLAIMS
    if "pytest.mark.page" not in (root / file).read_text("utf-8"):
        return file
    return BOOK_PAGES if file.startswith("tests/book/") else WIDGET_PAGES


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The groups that take minutes come first, each in its own order."""

    def rank(item: pytest.Item) -> int:
        group = group_of(item.path.relative_to(config.rootpath).as_posix(), config.rootpath)
        return FIRST.index(group) if group in FIRST else len(FIRST)

    items.sort(key=rank)


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
