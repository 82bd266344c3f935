"""A figure carries its words and its source, in the book and outside it."""

import base64
import re

import numpy as np
import pytest

from hnrc_lib.book import figure, figures
from hnrc_lib.experiments.record import Provenance, Record

ALT = "A straight line rises from the lower left to the upper right."
SEE = "The line is straight because $\\lambda < 1$ everywhere."


def draw(fig):
    fig.add_subplot().plot([0, 1])


@pytest.fixture
def shown(monkeypatch):
    """What ``figure`` showed: data and metadata."""
    calls = []
    monkeypatch.setattr(
        figures, "display", lambda data, raw=False, metadata=None: calls.append((data, metadata))
    )
    return calls


@pytest.fixture
def book(monkeypatch):
    monkeypatch.setenv("HNRC_BOOK", "1")


@pytest.fixture
def notebook(monkeypatch):
    monkeypatch.delenv("HNRC_BOOK", raising=False)


def make_record(scale="full"):
    provenance = Provenance(
        corpus="FSDD, 5 of 6 speakers",
        manifest_sha256="0" * 64,
        model="CNN, 25 000 parameters",
        versions={"torch": "2.13"},
        device="cpu",
        seed=0,
        commit="abc",
        seconds=1.0,
        scale=scale,
        config={},
    )
    return Record("fsdd_test", provenance, {}, {"loss": np.zeros(3)})


@pytest.mark.usefixtures("book")
def test_book_shows_both_themes_with_words(shown):
    figure(draw, alt=ALT, see=SEE, size=(5, 2.5), name="fig-line")
    page = shown[0][0]["text/html"]
    images = re.findall(r"<img [^>]+>", page)
    assert [re.findall(r'class="([^"]+)"', image)[0] for image in images] == ["only-light", "only-dark"]
    for image in images:
        assert f'alt="{ALT}"' in image
        assert 'width="560" height="280"' in image
    assert 'data-live="true" data-name="fig-line"' in page
    assert r"\(\lambda &lt; 1\)" in page
    assert "Computed on this page." in page
    assert shown[0][0]["text/plain"] == ALT


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("scale", ["full", "reduced"])
def test_recorded_figures_print_their_source(shown, scale):
    record = make_record(scale)
    figure(draw, alt=ALT, see=SEE, record=record)
    page = shown[0][0]["text/html"]
    assert 'data-record="fsdd_test"' in page
    assert "data-live" not in page
    assert f'<span class="hnrc-source">{record.caption()}</span>' in page
    assert ("reduced" in page) == (scale == "reduced")


@pytest.mark.usefixtures("book")
def test_records_are_found_by_name(shown, monkeypatch):
    monkeypatch.setattr(figures, "load_record", lambda name: make_record() if name == "fsdd_test" else None)
    figure(draw, alt=ALT, see=SEE, record="fsdd_test")
    assert make_record().caption() in shown[0][0]["text/html"]


def test_unknown_records_are_named():
    with pytest.raises(FileNotFoundError, match="no record 'no_such_run'"):
        figure(draw, alt=ALT, see=SEE, record="no_such_run")


@pytest.mark.usefixtures("notebook")
def test_notebooks_show_a_png_and_the_caption(shown):
    figure(draw, alt=ALT, see=SEE, record=make_record(), size=(5, 2.5))
    (picture, metadata), (caption, _) = shown
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert picture["text/plain"] == ALT
    assert metadata == {"image/png": {"width": 560, "height": 280, "alt": ALT}}
    assert caption.data == f"{SEE}\n\n*{make_record().caption()}*"


@pytest.mark.parametrize("name", ["spectrum", "fig-", "fig-Big", "fig_a", "fig-a b"])
def test_labels_have_one_form(name):
    with pytest.raises(ValueError, match="name must look like 'fig-spectrum'"):
        figure(draw, alt=ALT, see=SEE, name=name)


@pytest.mark.parametrize(("alt", "see"), [("A line.", SEE), (ALT, "Look.")])
def test_words_are_needed(alt, see):
    with pytest.raises(ValueError, match="must be a sentence"):
        figure(draw, alt=alt, see=see)
