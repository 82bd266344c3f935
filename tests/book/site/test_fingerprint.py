"""Whatever a page depends on changes its fingerprint, and nothing else does."""

import pytest

from hnrc_lib.book.site import fingerprint
from hnrc_lib.book.site.fingerprint import files_below, outputs_fingerprint, site_fingerprint


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A book with its own library and data."""
    files = ["_config.yml", "_toc.yml", "references.bib", "index.md", "chapters/part/page.md"]
    files += [
        "notebooks/index.ipynb",
        "lib/curvature/hessian.py",
        "lib/book/site/checks.py",
        "lib/book/figures.py",
    ]
    files += ["lib/widgets/w.js", "data/runs/run.json", "data/runs/run.npz", "data/digits/manifest.json"]
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path / "lib")
    monkeypatch.setattr(fingerprint, "_SITE_ONLY", (tmp_path / "lib" / "book" / "site",))
    monkeypatch.setattr(fingerprint, "shipped", lambda *parts: tmp_path.joinpath("data", *parts))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "outputs_change"),
    [
        ("_config.yml", False),
        ("_toc.yml", False),
        ("references.bib", False),
        ("index.md", False),
        ("chapters/part/page.md", False),
        ("chapters/part/new.md", False),
        ("notebooks/index.ipynb", False),
        ("lib/book/site/checks.py", False),
        ("lib/book/figures.py", True),
        ("lib/curvature/hessian.py", True),
        ("lib/curvature/new.py", True),
        ("lib/widgets/w.js", True),
        ("data/runs/run.json", True),
        ("data/runs/run.npz", True),
        ("data/digits/manifest.json", True),
    ],
)
def test_changes_are_seen(tree, name, outputs_change):
    site, outputs = site_fingerprint(tree), outputs_fingerprint()
    (tree / name).write_text("changed")
    assert site_fingerprint(tree) != site
    assert (outputs_fingerprint() != outputs) == outputs_change


@pytest.mark.parametrize("name", ["README.md", "lib/__pycache__/x.pyc", "_build/html/index.html"])
def test_other_files_do_not_matter(tree, name):
    site, outputs = site_fingerprint(tree), outputs_fingerprint()
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("new")
    assert (site_fingerprint(tree), outputs_fingerprint()) == (site, outputs)


def test_moved_and_swapped_contents_are_seen(tree):
    before = site_fingerprint(tree)
    (tree / "chapters/part/page.md").rename(tree / "chapters/part/other.md")
    assert site_fingerprint(tree) != before


def test_address_and_packages_matter(tree, monkeypatch):
    before = site_fingerprint(tree)
    monkeypatch.setenv("HNRC_REPOSITORY_URL", "https://github.com/someone/book")
    with_address = site_fingerprint(tree)
    assert with_address != before
    monkeypatch.setattr(fingerprint, "_installed_packages", lambda: ["torch==0"])
    assert site_fingerprint(tree) != with_address


def test_the_library_is_read():
    names = {path.name for path in files_below(fingerprint.PACKAGE)}
    assert {"record.py", "hnrc-book.css", "figures.py"} <= names
    assert not any(name.endswith(".pyc") for name in names)
