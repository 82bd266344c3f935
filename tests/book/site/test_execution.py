"""Each state of the library has its own cache of outputs; old ones go."""

import os
import time

from hnrc_lib.book.site import execution
from hnrc_lib.book.site.execution import KEPT, PREFIX, cache_folder
from tests.book.projects import build_project


def test_a_changed_library_runs_its_cells_again(tmp_path):
    first = cache_folder(tmp_path, "a" * 64)
    assert first.is_dir()
    assert cache_folder(tmp_path, "a" * 64) == first
    assert cache_folder(tmp_path, "b" * 64) != first


def test_the_latest_caches_are_kept(tmp_path):
    for number in range(KEPT + 3):
        path = cache_folder(tmp_path, f"{number:064}"[::-1])
        os.utime(path, (time.time() - 1000 + number,) * 2)
    last = cache_folder(tmp_path, "f" * 64)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == KEPT
    assert last.name in left
    assert f"{PREFIX}{'500000000000'}" in left


def test_sphinx_uses_it(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "outputs_fingerprint", lambda: "c" * 64)
    built = build_project(tmp_path, {"index.md": "# Title\n"})
    assert built.status == 0
    assert (tmp_path / "source" / "_build" / f"{PREFIX}{'c' * 12}").is_dir()
