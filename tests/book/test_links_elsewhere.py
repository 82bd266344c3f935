"""`make links` follows links to other sites: to a server of our own here."""

from pathlib import Path

import pytest

from hnrc_lib.book.links import check_links, main
from tests.browser import serve

CONFIG = Path(__file__).resolve().parents[2] / ".linkchecker.ini"


@pytest.fixture
def other(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "there.html").write_text("<!DOCTYPE html><title>there</title>")
    with serve(folder) as address:
        yield address


@pytest.mark.parametrize(("name", "status"), [("there.html", 0), ("gone.html", 1)])
def test_a_dead_link_to_another_site_fails(tmp_path, other, name, status, capfd):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text('<!DOCTYPE html><title>x</title><a href="second.html">x</a>')
    (site / "second.html").write_text(f'<!DOCTYPE html><title>x</title><a href="{other}/{name}">x</a>')
    assert check_links(site, CONFIG) == status
    assert (f"{other}/gone.html" in capfd.readouterr().out) == bool(status)


def test_without_a_site_it_says_so(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "run `make book` first" in capsys.readouterr().err
