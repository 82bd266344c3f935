import base64
import io
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hnrc_lib.widgets
from hnrc_lib.widgets import DampingExplorer
from hnrc_lib.widgets.base import HOST, VIEW_MIME, StaticWidget
from tests.browser import run_node

NO_PICTURE = bytes(24)  # as long as the part of a picture that tells its size

ALL_WIDGETS = [getattr(hnrc_lib.widgets, name) for name in hnrc_lib.widgets.__all__]


class Collector(HTMLParser):
    """Tags of a fragment with their attributes, and what scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, hnrc_lib.widgets\n"
        "loaded = {'anywidget', 'ipywidgets', 'matplotlib', 'numpy', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "hnrc_lib.widgets.DampingExplorer()\n"
        "loaded = {'matplotlib', 'torch', 'scipy'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Explorer'"):
        _ = hnrc_lib.widgets.Explorer


@pytest.mark.parametrize("make", ALL_WIDGETS)
def test_every_widget_is_complete(make: type[StaticWidget]) -> None:
    widget = make()
    assert len(widget.alt()) > 80
    assert len(make.what_to_try) > 100
    assert "export default" in widget._esm
    assert ".hnrc-widget" in widget._css
    names = set(make.class_trait_names(sync=True)) - set(StaticWidget.class_trait_names(sync=True))
    assert names
    sent = widget.get_state()
    assert names | {"_esm", "_css", "_anywidget_id"} <= set(sent)
    json.dumps(sent, allow_nan=False)


def test_bundle_without_a_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HNRC_BOOK", raising=False)
    widget = DampingExplorer()
    bundle = widget._repr_mimebundle_()
    assert isinstance(bundle, tuple)
    data, metadata = bundle
    assert set(data) == {"text/plain", "image/png", VIEW_MIME}
    assert data[VIEW_MIME]["model_id"] == widget.model_id
    assert data["text/plain"] == metadata["image/png"]["alt"] == widget.alt()
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
        shown = metadata["image/png"]
        assert image.width / image.height == pytest.approx(shown["width"] / shown["height"], rel=0.01)
        assert image.width > 1.4 * shown["width"]


def test_bundle_in_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HNRC_BOOK", "1")
    widget = DampingExplorer(surface="saddle")
    bundle = widget._repr_mimebundle_()
    assert bundle is not None
    found = Collector(bundle[0]["text/html"])
    images = [attributes for tag, attributes in found.tags if tag == "img"]
    assert [image["alt"] for image in images] == [widget.alt()] * 2
    assert "image/png" in bundle[0]
    [script] = found.scripts
    assert json.loads(script) == bundle[0][VIEW_MIME]


def test_the_pictures_hold_their_place_before_they_are_read() -> None:
    widget = DampingExplorer()
    with Image.open(io.BytesIO(widget.picture())) as image:
        size = f'width="{image.width}" height="{image.height}"'
    assert widget.fallback({"model_id": "x"}).count(size) == 2


def test_the_fallback_escapes_what_it_holds() -> None:
    class Sly(DampingExplorer):
        def picture(self, **options: bool) -> bytes:
            return NO_PICTURE

        def alt(self) -> str:
            return '"><script>alert(1)</script>'

    text = Sly().fallback({"model_id": "</script><b>"})
    found = Collector(text)
    assert [tag for tag, _ in found.tags] == ["div", "style", "img", "img", "script"]
    assert found.tags[2][1]["alt"] == '"><script>alert(1)</script>'
    assert json.loads(found.scripts[0]) == {"model_id": "</script><b>"}


def test_pictures_differ_by_theme_and_state_but_not_by_style() -> None:
    import matplotlib

    widget = DampingExplorer()
    light, dark = widget.picture(), widget.picture(dark=True)
    assert light != dark
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "text.color": "red"}):
        assert widget.picture() == light
    widget.damping = 200.0
    assert widget.picture() != light
    assert max(len(light), len(dark)) < 60_000


def test_light_and_dark_pictures_are_legible_on_their_pages() -> None:
    for dark, page in ((False, 255), (True, 24)):
        with Image.open(io.BytesIO(DampingExplorer().picture(dark=dark))) as image:
            pixels = np.asarray(image.convert("RGBA"), dtype=float)
        shown = pixels[..., :3] * pixels[..., 3:] / 255 + page * (1 - pixels[..., 3:] / 255)
        contrast = np.abs(shown.mean(axis=-1) - page)
        assert 0.005 < (contrast > 90).mean() < 0.3
        corner = pixels[0, 0]
        assert corner[3] == 0


@pytest.mark.parametrize("value", ["0", "1"])
def test_the_book_variable_decides(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HNRC_BOOK", value)
    monkeypatch.setattr(DampingExplorer, "picture", lambda self, **options: NO_PICTURE)
    bundle = DampingExplorer()._repr_mimebundle_()
    assert bundle is not None
    assert ("text/html" in bundle[0]) == (value == "1")


def test_host_is_small_and_parses() -> None:
    assert HOST.stat().st_size <= 7 * 1024
    run_node("new Function(data); answer(true);", HOST.read_text(encoding="utf-8"))


def test_sources_ship_in_the_package() -> None:
    folder = Path(hnrc_lib.widgets.__file__).parent
    assert (folder / "shared" / "shared.css").is_file()
    assert os.path.commonpath([folder, DampingExplorer.module]) == str(folder)
