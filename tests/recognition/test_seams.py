"""Where two chunks meet, each word is kept once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.recognition import Word
from hnrc_lib.recognition.seams import join_at_seam


def said(*words: tuple[str, float]) -> list[Word]:
    return [Word(text, middle - 0.1, middle + 0.1, 1.0) for text, middle in words]


@given(st.lists(st.integers(0, 40), unique=True), st.floats(0, 10), st.data())
def test_two_equal_hearings_join_to_one(places, seam, data):
    """Words 0.25 s apart or more, each heard by both chunks with small errors of time."""
    middles = [place / 4 for place in sorted(places)]
    error = st.floats(-0.05, 0.05)
    names = [f"word {index}" for index in range(len(middles))]
    before, after = (
        said(*((name, middle + data.draw(error)) for name, middle in zip(names, middles, strict=True)))
        for _ in range(2)
    )
    left, right = join_at_seam(before, after, seam)
    assert [word.text for word in left + right] == names


def test_words_that_repeat_stay_two():
    before, after = said(("NO", 1.7)), said(("NO", 2.3))
    left, right = join_at_seam(before, after, 2.0)
    assert (len(left), len(right)) == (1, 1)


@pytest.mark.parametrize(("first", "second"), [(1.98, 2.04), (2.04, 1.98)])
def test_a_word_on_the_seam_is_kept_once(first, second):
    left, right = join_at_seam(said(("GO", first)), said(("GO", second)), 2.0)
    assert [word.text for word in left + right] == ["GO"]


def test_what_only_one_chunk_hears_beyond_its_side_is_dropped():
    left, right = join_at_seam(said(("A", 1.0), ("TAIL", 2.5)), said(("HEAD", 1.5), ("B", 3.0)), 2.0)
    assert [word.text for word in left + right] == ["A", "B"]
