"""`make book` builds once, rebuilds when anything changed, and never calls a broken site fresh."""

import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from hnrc_lib.book import build
from hnrc_lib.book.build import is_fresh, main, site_folder

ROOT = Path(__file__).resolve().parents[2]
HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
PAGE = (
    HEADER
    + """# A small book

The loss is $L(\\theta)$, and [](#fig-parabola) shows it.

```{code-cell} ipython3
from hnrc_lib.book import figure

def draw(fig):
    fig.add_subplot().plot([x * x for x in range(-5, 6)])

figure(draw, name="fig-parabola", alt="A parabola opens upwards from zero.", see="It bends evenly all along.")
```
"""
)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book with the real configuration, one page and the status page, built once."""
    root = tmp_path_factory.mktemp("book")
    for name in ("_config.yml", "references.bib"):
        shutil.copyfile(ROOT / name, root / name)
    (root / "chapters").mkdir()
    shutil.copyfile(ROOT / "chapters" / "status.md", root / "chapters" / "status.md")
    (root / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: chapters/status\n")
    (root / "index.md").write_text(PAGE, "utf-8")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "index.ipynb").write_text("{}")
    assert not is_fresh(root)
    assert main([str(root)]) == 0
    return root


def page(book, name):
    return BeautifulSoup((site_folder(book) / f"{name}.html").read_text("utf-8"), "html.parser")


def test_the_site_shows_executed_cells(book):
    shown = page(book, "index")
    images = shown.select("figure#fig-parabola img")
    assert [(site_folder(book) / image["src"]).suffix for image in images] == [".svg", ".svg"]
    assert all((site_folder(book) / image["src"]).is_file() for image in images)
    assert [link.get_text() for link in shown.select('p a[href="#fig-parabola"]')] == ["Figure 1"]
    assert shown.select_one('.article-header-buttons a[href="notebooks/index.ipynb"]') is not None


def test_run_times_and_versions_are_shown(book):
    assert "The code on this page ran in" in page(book, "index").get_text()
    status = page(book, "chapters/status").get_text()
    for word in ("Run Time (s)", "Commit", "torch", "Sphinx", "CUDA card"):
        assert word in status


def test_nothing_left_of_the_staging(book):
    assert {path.name for path in (book / "_build").iterdir() if path.is_dir()} >= {"html"}
    assert not (book / "_build" / "staging").exists()
    assert not (book / "_build" / "html.old").exists()


def test_up_to_date_says_so_and_builds_nothing(book, capsys, monkeypatch):
    monkeypatch.setattr(build, "build", lambda root: pytest.fail("built again"))
    assert is_fresh(book)
    assert main([str(book)]) == 0
    assert "up to date" in capsys.readouterr().out


def test_a_failed_build_keeps_the_old_site_and_stays_stale(book, capfd):
    before = page(book, "index")
    (book / "index.md").write_text(PAGE + "\n```{raw} html\n<img src='x.png'>\n```\n", "utf-8")
    try:
        assert not is_fresh(book)
        assert main([str(book)]) == 1
        said = capfd.readouterr()
        assert "picture without alternative text" in said.err
        assert "The book was not built" in said.err
        assert page(book, "index") == before
        assert not is_fresh(book)
    finally:
        (book / "index.md").write_text(PAGE, "utf-8")
    assert is_fresh(book)


def test_a_failing_cell_fails_the_build(book, capfd):
    (book / "index.md").write_text(
        PAGE.replace("from hnrc_lib", "raise RuntimeError('broken cell')\nfrom hnrc_lib")
    )
    try:
        assert main([str(book)]) != 0
        assert "broken cell" in capfd.readouterr().err
        assert not is_fresh(book)
    finally:
        (book / "index.md").write_text(PAGE, "utf-8")


def test_other_folders_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "root must be a folder with a _config.yml" in capsys.readouterr().err
