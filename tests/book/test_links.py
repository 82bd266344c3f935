"""Every link inside the site leads to a page, a file or a place that exists; none is a placeholder."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlparse

from bs4 import BeautifulSoup

from tests.book.built_site import page_names, require_site

LOADED = {"script": "src", "img": "src", "audio": "src", "source": "src", "link": "href"}
PLACEHOLDERS = ("OWNER", "REPOSITORY", "example.com", "executablebooks/jupyter-book")


@cache
def parsed(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text("utf-8"), "html.parser")


@cache
def places(file: Path) -> frozenset[str]:
    page = parsed(file)
    return frozenset(str(tag[key]) for key in ("id", "name") for tag in page.find_all(attrs={key: True}))


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", page_names() or ["index.html"])


def test_links_lead_somewhere(name):
    page = require_site() / name
    lost = []
    for link in parsed(page).find_all("a", href=True):
        address = urlparse(str(link["href"]))
        if address.scheme or address.netloc:
            continue
        target = (page.parent / unquote(address.path)).resolve() if address.path else page
        anchor = unquote(address.fragment)
        if not target.is_file() or (target.suffix == ".html" and anchor and anchor not in places(target)):
            lost.append(link["href"])
    assert lost == []


def test_what_is_loaded_lies_in_the_site(name):
    page = require_site() / name
    lost = []
    for tag, key in LOADED.items():
        for element in parsed(page).find_all(tag, attrs={key: True}):
            address = urlparse(str(element[key]))
            if address.scheme == "data" or element.get("rel") in (["index"], ["search"]):
                continue
            if address.scheme or address.netloc or not (page.parent / unquote(address.path)).is_file():
                lost.append(element[key])
    assert lost == []


def test_no_placeholder_is_linked(name):
    links = [str(link["href"]) for link in parsed(require_site() / name).find_all("a", href=True)]
    assert [link for link in links if any(word in link for word in PLACEHOLDERS)] == []
    assert [link for link in links if link.startswith("http://")] == []
