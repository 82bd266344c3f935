"""Each state of the library has its own cache of outputs; old ones go."""

import os
import time

from sphinx.builders import Builder

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


PAGES = {f"page{number}.md": f"# Page {number}\n" for number in range(7)}
INDEX = "# Title\n\n```{toctree}\n" + "\n".join(name.removesuffix(".md") for name in PAGES) + "\n```\n"


def test_pages_are_read_by_two_processes_and_written_by_one(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(execution, "PROCESSES", 2)
    monkeypatch.setattr("sphinx.builders.Builder._read_parallel", spy(seen, Builder._read_parallel))
    monkeypatch.setattr("sphinx.builders.Builder._write_parallel", spy(seen, Builder._write_parallel))
    built = build_project(tmp_path, PAGES | {"index.md": INDEX})
    assert (built.status, built.warnings) == (0, [])
    assert seen == ["_read_parallel"]
    assert [built.page(f"page{number}").h1.get_text()[:6] for number in range(7)] == [
        f"Page {number}" for number in range(7)
    ]


def test_a_warning_of_a_page_read_elsewhere_fails_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "PROCESSES", 2)
    broken = {"page3.md": "# Page 3\n\n```{no-such-directive}\n```\n"}
    built = build_project(tmp_path, PAGES | {"index.md": INDEX} | broken)
    assert built.status == 1
    assert any("no-such-directive" in line for line in built.warnings)


def spy(seen, function):
    def noted(*arguments, **options):
        seen.append(function.__name__)
        return function(*arguments, **options)

    return noted
