"""Vocabulary: indices, texts, and the symbols it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.sequence import Vocabulary


@given(st.lists(st.text("ABC' \t", max_size=12), min_size=1, max_size=4))
def test_a_text_comes_back_with_single_spaces(texts):
    vocabulary = Vocabulary.of_characters(texts)
    for text in texts:
        indices = vocabulary.encode(text)
        assert 0 not in indices
        assert max(indices, default=0) < len(vocabulary)
        assert vocabulary.decode(indices) == " ".join(text.split())


def test_the_blank_is_zero_and_the_space_is_always_there():
    vocabulary = Vocabulary.of_characters(["BA", "C"])
    assert vocabulary.symbols == (" ", "A", "B", "C")
    assert len(vocabulary) == 5
    assert vocabulary.encode("AB") == [2, 3]


def test_words_are_symbols_too():
    words = Vocabulary(("one", "two"))
    assert words.encode(" two  one ") == [2, 1]
    assert words.decode([1, 1]) == "one one"
    with pytest.raises(ValueError, match=r"got \['three'\]"):
        words.encode("one three")


def test_a_path_with_stray_spaces_decodes_to_clean_text():
    assert Vocabulary((" ", "A")).decode([1, 1, 2, 1, 1, 2, 1]) == "A A"


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        (("A", ""), "must not be empty"),
        (("A", "B", "A"), r"more of \['A'\]"),
        (("one two",), "no white space"),
        (("\t",), "no white space"),
        (("one", " "), "must leave out the space"),
    ],
)
def test_bad_symbols_are_named(symbols, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(symbols)


def test_unknown_letters_and_indices_are_named():
    vocabulary = Vocabulary((" ", "A"))
    with pytest.raises(ValueError, match=r"got \['Z', 'É'\] in 'ZAÉ'"):
        vocabulary.encode("ZAÉ")
    with pytest.raises(ValueError, match=r"1 … 2, got \[0, 3\]"):
        vocabulary.decode([0, 1, 3])
