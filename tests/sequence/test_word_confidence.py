"""Posteriors of words among hypotheses, and the alignment under them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.sequence import word_confidences
from hnrc_lib.sequence.word_confidence import matching_words

WORDS = st.lists(st.sampled_from("ab"), max_size=4)


def distance(words, others):
    if not words or not others:
        return len(words) + len(others)
    return min(
        distance(words[1:], others[1:]) + (words[0] != others[0]),
        distance(words[1:], others) + 1,
        distance(words, others[1:]) + 1,
    )


@given(WORDS, WORDS)
def test_the_alignment_has_the_least_edits(words, others):
    kept = matching_words(words, others)
    # Between kept words nothing matches by identity; with them the least number of edits is reached.
    fits = [
        chosen
        for chosen in itertools.combinations(range(len(others)), len(kept))
        if [others[j] for j in chosen] == [words[i] for i in kept]
    ]
    assert fits

    def edits(chosen):
        left, right = [-1, *kept, len(words)], [-1, *chosen, len(others)]
        gaps = zip(itertools.pairwise(left), itertools.pairwise(right), strict=True)
        return sum(max(b - a, d - c) - 1 for (a, b), (c, d) in gaps)

    assert min(map(edits, fits)) == distance(words, others)


def test_a_word_all_agree_on_is_certain_and_one_alone_has_its_own_share():
    texts, shares = ["ONE TWO", "ONE", "ONE THREE TWO", "NINE TWO"], [0.4, 0.3, 0.2, 0.1]
    assert word_confidences(texts, shares) == pytest.approx([0.9, 0.7])
    assert word_confidences(["ONE", "ONE"], [0.6, 0.4]) == [1.0]
    assert word_confidences(["", "ONE"], [0.6, 0.4]) == []


@pytest.mark.parametrize(("texts", "shares"), [([], []), (["A"], [0.5, 0.5])])
def test_every_text_has_its_share(texts, shares):
    with pytest.raises(ValueError, match="shares must be one for each"):
        word_confidences(texts, shares)
