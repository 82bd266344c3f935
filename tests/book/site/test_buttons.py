"""Buttons open the notebook twin: on disk always, on Colab and Binder once the book has an address."""

import pytest

from tests.book.projects import build_project, notebook

THEME = {
    "html_theme": "sphinx_book_theme",
    "extensions": ["myst_nb", "sphinx_book_theme", "hnrc_lib.book.extension"],
    "exclude_patterns": ["notebooks"],
}
PAGES = {
    "index.md": "# Root\n\n```{toctree}\nchapters/part/page\n```\n",
    "chapters/part/page.ipynb": notebook({"text/plain": "1"}),
    "notebooks/part/page.ipynb": '{"the": "twin"}',
}


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    monkeypatch.delenv("HNRC_REPOSITORY_URL", raising=False)


def links(built, name):
    return [(tag.get_text(), tag["href"]) for tag in built.page(name).select(".article-header-buttons a")]


@pytest.fixture
def executed(monkeypatch):
    """Pages count as having code although nothing is executed here."""
    monkeypatch.setattr("hnrc_lib.book.site.buttons.has_code", lambda app, name: name == "chapters/part/page")


@pytest.mark.usefixtures("executed")
def test_without_an_address_the_twin_is_downloaded(tmp_path):
    built = build_project(tmp_path, PAGES, **THEME)
    assert built.warnings == []
    assert links(built, "chapters/part/page") == [("Notebook (.ipynb)", "../../notebooks/part/page.ipynb")]
    assert (built.folder / "notebooks/part/page.ipynb").read_text() == '{"the": "twin"}'
    assert links(built, "index") == []
    assert built.page("chapters/part/page").select(".article-header-buttons a")[0].has_attr("download")


@pytest.mark.usefixtures("executed")
def test_with_an_address_it_also_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("HNRC_REPOSITORY_URL", "https://github.com/someone/book")
    found = dict(links(build_project(tmp_path, PAGES, **THEME), "chapters/part/page"))
    assert found["Open in Google Colab"].endswith("/github/someone/book/blob/main/notebooks/part/page.ipynb")
    assert found["Open in Binder"].endswith(
        "/gh/someone/book/main?urlpath=lab/tree/notebooks/part/page.ipynb"
    )


@pytest.mark.usefixtures("executed")
def test_a_missing_twin_stops_the_build(tmp_path):
    built = build_project(
        tmp_path, {k: v for k, v in PAGES.items() if not k.startswith("notebooks")}, **THEME
    )
    assert built.status == 1
    assert (
        "no notebook notebooks/part/page.ipynb for this page; write it with `make notebooks`"
        in built.warnings[0]
    )


@pytest.mark.usefixtures("executed")
def test_records_of_the_page_are_downloaded(tmp_path):
    records = tmp_path / "runs"
    records.mkdir()
    for suffix in (".json", ".npz"):
        (records / f"some_run{suffix}").write_text("content")
    figure = '<figure class="hnrc-figure" data-record="some_run"><figcaption></figcaption></figure>'
    pages = PAGES | {"chapters/part/page.ipynb": notebook({"text/html": figure})}
    built = build_project(tmp_path, pages, **THEME, hnrc_records=str(records))
    assert [link for link in links(built, "chapters/part/page") if link[0].startswith("Record")] == [
        ("Record some_run.json", "../../records/some_run.json"),
        ("Record some_run.npz", "../../records/some_run.npz"),
    ]
    assert (built.folder / "records" / "some_run.npz").read_text() == "content"
