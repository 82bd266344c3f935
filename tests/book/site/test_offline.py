"""The site holds what its pages load, and nothing points elsewhere."""

import json
import re

import nbformat
import pytest

from hnrc_lib.book.site.offline import WIDGET_HOST, mathjax_folder
from tests.book.projects import build_project, notebook

SCRIPT_ADDRESS = re.compile(r'(?:src|href)="(https?:)?//')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page with a formula and a widget's state, in the book's theme."""
    page = nbformat.reads(notebook({"text/plain": "1"}), 4)
    page.cells[0].source = "# Title\n\n$$ a^2 $$"
    state = {"m": {"model_name": "AnyModel", "model_module": "anywidget", "state": {}}}
    mime = "application/vnd.jupyter.widget-state+json"
    page.metadata["widgets"] = {mime: {"state": state, "version_major": 2, "version_minor": 0}}
    return build_project(
        tmp_path_factory.mktemp("project"),
        {"index.ipynb": nbformat.writes(page), "notebooks/index.ipynb": json.dumps({})},
        exclude_patterns=["notebooks"],
        html_theme="sphinx_book_theme",
        extensions=["myst_nb", "sphinx_book_theme", "sphinx_copybutton", "hnrc_lib.book.extension"],
    )


def test_it_builds(site):
    assert (site.status, site.warnings) == (0, [])


def test_no_page_names_another_server(site):
    for file in site.folder.glob("*.html"):
        assert not SCRIPT_ADDRESS.search(file.read_text()), file


def test_what_pages_load_is_there(site):
    page = site.page()
    loaded = [tag["src"] for tag in page.select("script[src]")] + [
        tag["href"] for tag in page.select("link[rel=stylesheet]")
    ]
    assert any("mathjax/tex-chtml.js" in name for name in loaded)
    assert any(f"/{WIDGET_HOST.name}" in name for name in loaded)
    assert not any("fontawesome.js" in name for name in loaded)
    for name in loaded:
        assert (site.folder / name.split("?")[0]).is_file(), name


def test_mathjax_finds_its_parts(site):
    target = site.folder / "_static" / "mathjax"
    assert len(list((target / "output/chtml/fonts/woff-v2").glob("*.woff"))) == 23
    assert (target / "input/tex/extensions/cancel.js").is_file()
    assert (target / "a11y/sre.js").is_file()
    assert sorted(path.stem for path in (target / "sre/mathmaps").iterdir()) == ["base", "en", "nemeth"]
    assert not (target / "tex-svg.js").exists()


def test_the_package_is_what_we_think():
    assert (mathjax_folder() / "tex-chtml.js").stat().st_size > 1_000_000
