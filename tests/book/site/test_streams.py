"""A line is a line, wherever the kernel cut it."""

from itertools import pairwise

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from myst_nb.core import render
from nbformat.v4 import new_output

from hnrc_lib.book.site.streams import join_pieces, keep_lines_whole
from tests.book.projects import build_project, notebook

TEXT = "best loss, five speakers\n\nSGD  0.31\nHNRC 0.29\n"


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


@pytest.fixture
def merge(monkeypatch):
    monkeypatch.setattr(render, "coalesce_streams", render.coalesce_streams)
    keep_lines_whole()
    return render.coalesce_streams


@given(st.sets(st.integers(1, len(TEXT) - 1)))
def test_where_the_pieces_end_does_not_show(cuts):
    ends = [0, *sorted(cuts), len(TEXT)]
    pieces = [stream(TEXT[start:end]) for start, end in pairwise(ends)]
    (whole,) = join_pieces(pieces)
    assert whole["text"] == TEXT
    assert [piece["text"] for piece in pieces] == [TEXT[a:b] for a, b in pairwise(ends)]  # left alone


def test_what_else_a_cell_shows_stays_in_its_order(merge):
    sound = new_output("display_data", {"text/plain": "a sound"})
    shown = merge([stream("one "), stream("warning\n", "stderr"), sound, stream("line\n")])
    assert [(output.get("name"), output.get("text")) for output in shown] == [
        ("stdout", "one line\n"),
        ("stderr", "warning\n"),
        (None, None),
    ]


def test_the_book_does_so(tmp_path):
    page = nbformat.reads(notebook(code="print('damping', -0.026)"), as_version=4)
    page.cells[1].outputs = [stream("damping"), stream(" -0.0"), stream("26\n")]
    built = build_project(tmp_path, {"index.ipynb": nbformat.writes(page)}, nb_merge_streams=True)
    assert built.page().select(".cell_output pre")[0].get_text() == "damping -0.026\n"
