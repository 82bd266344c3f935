"""Sentences are asked for; mathematics and special characters survive."""

import pytest

from hnrc_lib.book.words import html_with_math, in_book, require_sentence


@pytest.mark.parametrize("text", ["", "   ", "A figure.", "a loss that falls over time", "Loss curve"])
def test_too_little_is_refused(text):
    with pytest.raises(ValueError, match="alt must be a sentence of at least 6 words"):
        require_sentence("alt", text, min_words=6)


def test_lines_are_joined():
    assert require_sentence("see", "one two\n   three four.", min_words=4) == "one two three four."


def test_markup_is_escaped_inside_and_outside_formulas():
    shown = html_with_math(r"if $a < b$ & <i>not</i> $c > d$")
    assert r"\(a &lt; b\)" in shown
    assert r"\(c &gt; d\)" in shown
    assert "&amp; &lt;i&gt;not&lt;/i&gt;" in shown


def test_one_dollar_is_a_dollar():
    assert html_with_math("it costs 5$ a day") == "it costs 5$ a day"


def test_book_flag(monkeypatch):
    monkeypatch.delenv("HNRC_BOOK", raising=False)
    assert not in_book()
    monkeypatch.setenv("HNRC_BOOK", "1")
    assert in_book()
