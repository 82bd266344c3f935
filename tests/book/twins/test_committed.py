"""The notebooks of this book."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest

from hnrc_lib.book.twins.book import read_book
from hnrc_lib.book.twins.paths import twin_path
from hnrc_lib.book.twins.sync import stale_twins

ROOT = Path(__file__).parents[3]
PAGES = [page.name for page in read_book(ROOT).pages if page.has_code]


def test_they_are_in_step_with_the_chapters() -> None:
    stale = [path.relative_to(ROOT).as_posix() for path in stale_twins(ROOT)]
    assert stale == [], "run: make notebooks"


def test_there_are_some() -> None:
    assert {"index", "chapters/hessian/damping"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_they_run_the_code_of_the_chapter(name: str) -> None:
    made = nbformat.read(ROOT / twin_path(name), as_version=4)
    _, *cells = (cell.source for cell in made.cells if cell.cell_type == "code")
    expected = [cell.source for cell in jupytext.read(ROOT / f"{name}.md").cells if cell.cell_type == "code"]
    assert [re.sub(r"^# @title.*\n", "", source) for source in cells] == expected
