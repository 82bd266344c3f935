"""The address stands once; without one there is none."""

import pytest

from hnrc_lib.book.site.repository import Repository, find_repository


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    for name in ("HNRC_REPOSITORY_URL", "HNRC_REPOSITORY_BRANCH"):
        monkeypatch.delenv(name, raising=False)


def config(tmp_path, text):
    file = tmp_path / "_config.yml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("text", ["", "title: x\n", 'repository:\n  url: ""\n', "repository:\n"])
def test_no_address_is_none(tmp_path, text):
    assert find_repository(config(tmp_path, text)) is None
    assert find_repository(tmp_path / "absent.yml") is None


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_address_of_the_config(tmp_path, ending):
    file = config(
        tmp_path, f"repository:\n  url: https://github.com/some-one/a.book{ending}\n  branch: trunk\n"
    )
    assert find_repository(file) == Repository("some-one", "a.book", "trunk")


def test_environment_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("HNRC_REPOSITORY_URL", "https://github.com/real/book")
    found = find_repository(config(tmp_path, "repository:\n  url: https://github.com/a/b\n"))
    assert found == Repository("real", "book", "main")
    assert found.url == "https://github.com/real/book"


def test_a_branch_of_the_environment_comes_first(tmp_path, monkeypatch):
    file = config(tmp_path, "repository:\n  url: https://github.com/a/b\n  branch: trunk\n")
    monkeypatch.setenv("HNRC_REPOSITORY_BRANCH", "published")
    assert find_repository(file) == Repository("a", "b", "published")


@pytest.mark.parametrize("url", ["github.com/a/b", "https://example.org/a/b", "https://github.com/a"])
def test_other_addresses_are_refused(tmp_path, url):
    with pytest.raises(ValueError, match=r"must be https://github\.com/<owner>/<name>, got"):
        find_repository(config(tmp_path, f"repository:\n  url: {url}\n"))


def test_addresses_of_services():
    book = Repository("a", "b", "main")
    path = "notebooks/chapters/x.ipynb"
    assert book.colab(path) == f"https://colab.research.google.com/github/a/b/blob/main/{path}"
    assert book.binder(path) == f"https://mybinder.org/v2/gh/a/b/main?urlpath=lab/tree/{path}"
