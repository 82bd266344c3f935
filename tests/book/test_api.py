"""The API reference names everything that is public."""

import importlib
import pkgutil
import re

import pytest

import hnrc_lib
from tests.book.built_site import require_site

# How curvature is replayed, and the command line, whose reference is `hnrc --help`, are no library to call.
NOT_LISTED = {"hnrc_lib.curvature.replay", "hnrc_lib.cli"}


def public_packages():
    """Every package of ours that lists its public names."""
    found = {info.name for info in pkgutil.walk_packages(hnrc_lib.__path__, "hnrc_lib.") if info.ispkg}
    return sorted(name for name in found - NOT_LISTED if hasattr(importlib.import_module(name), "__all__"))


def documented():
    """Full names of what the reference describes."""
    pages = sorted((require_site() / "chapters" / "api").glob("*.html"))
    return {name for page in pages for name in re.findall(r'<dt [^>]*id="([\w.]+)"', page.read_text("utf-8"))}


def resolved(name):
    module, _, last = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), last)
    except ModuleNotFoundError:  # a method: its class stands for it
        return None


@pytest.fixture(scope="module")
def objects():
    return {id(found) for name in documented() if (found := resolved(name)) is not None}


@pytest.mark.parametrize("package", public_packages())
def test_every_public_name_is_described(package, objects):
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if id(getattr(module, name)) not in objects] == []
