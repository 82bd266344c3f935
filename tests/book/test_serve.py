"""The site is served from this machine, to this machine."""

import threading
import urllib.error
import urllib.request

import pytest

from hnrc_lib.book import serve
from hnrc_lib.book.serve import main, make_server


@pytest.fixture
def book(tmp_path):
    site = tmp_path / "_build" / "html"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<p>here</p>")
    (site / "a.js").write_text("1")
    return tmp_path


@pytest.fixture
def server(book):
    with make_server(book / "_build" / "html") as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_pages_and_scripts(server, capsys):
    assert server.server_address[0] == "127.0.0.1"
    address = f"http://127.0.0.1:{server.server_port}"
    with urllib.request.urlopen(f"{address}/") as answer:
        assert answer.read() == b"<p>here</p>"
    with urllib.request.urlopen(f"{address}/a.js") as answer:
        assert answer.headers["Content-Type"] == "text/javascript"
    assert capsys.readouterr().err == ""
    with pytest.raises(urllib.error.HTTPError, match="404") as error:
        urllib.request.urlopen(f"{address}/none.html")
    error.value.close()
    assert "404" in capsys.readouterr().err


def test_opens_the_browser_and_stops_at_ctrl_c(book, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(serve.webbrowser, "open", opened.append)

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(serve.http.server.ThreadingHTTPServer, "serve_forever", interrupted)
    assert main([str(book)]) == 0
    said = capsys.readouterr().out
    assert opened[0].startswith("http://127.0.0.1:")
    assert opened[0] in said
    assert said.endswith("Stopped.\n")
    assert main([str(book), "--no-browser"]) == 0
    assert len(opened) == 1


def test_no_site_is_said(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "run `make book` first" in capsys.readouterr().err
