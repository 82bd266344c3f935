import math

import pytest
import torch

from hnrc_lib.sequence import NGram
from hnrc_lib.training.hybrid import any_words, ngram_pairs, one_word, phones, whole_words

DICTIONARY = {"A": [["AH"], ["EY"]], "MAY": [["M", "EY"]]}


def test_phones_are_shared_by_words_and_words_are_not():
    lexicon = phones(DICTIONARY, num_states=2, pause_states=1)
    assert lexicon.pronunciations == {"A": ((0, 1), (2, 3)), "MAY": ((4, 5, 2, 3),)}
    assert (lexicon.pause, lexicon.num_emissions, lexicon.words) == ((6,), 7, ("A", "MAY"))
    assert whole_words(["x", "y"], num_states=1, pause_states=2).pause == (2, 3)


def test_the_flat_start_takes_first_pronunciations_between_silences():
    lexicon = phones(DICTIONARY, num_states=1, pause_states=2)
    assert lexicon.linear(["MAY", "A"]) == [3, 4, 2, 1, 0, 3, 4]


def test_a_transcript_may_be_said_in_all_ways():
    lexicon = phones(DICTIONARY, num_states=1, pause_states=1)
    graph = lexicon.graph(["A", "MAY"])
    assert graph.emissions.tolist() == [3, 0, 1, 3, 2, 1, 3]
    assert graph.words.tolist() == [-1, 0, 0, -1, 1, 1, -1]
    assert graph.initial_probs.tolist() == [0.5, 0.25, 0.25, 0, 0, 0, 0]
    assert graph.empty_prob == 0
    own = lexicon.graph(["A"], torch.tensor([0.1, 0.2, 0.3, 0.4]))
    torch.testing.assert_close(
        own.transition_matrix.diagonal(), torch.tensor([0.4, 0.1, 0.2, 0.4]).double(), atol=1e-6, rtol=0
    )


def test_isolated_words_are_one_and_strings_cost_each_word():
    best = torch.zeros(1, 6, 3)
    best[0, :3, 0], best[0, 3:, 1] = 1.0, 1.0
    lexicon = whole_words(["x", "y"], num_states=1)
    assert len(lexicon.loop(one_word(2)).decode(best).words[0]) == 1
    assert lexicon.loop(any_words(2)).decode(5 * best).words == [[0, 1]]
    assert len(lexicon.loop(any_words(2, insertion=-50.0)).decode(5 * best).words[0]) == 1


def test_pairs_of_an_ngram_are_scaled_and_cost_an_insertion():
    model = NGram.fit([["A", "MAY"], ["MAY"]], 2)
    pairs = ngram_pairs(model, ["A", "MAY", "NEW"], scale=2.0, insertion=-3.0)
    assert float(pairs.entering[1]) == pytest.approx(2 * model.log_prob("MAY", ["<s>"]) - 3, rel=1e-5)
    assert float(pairs.following[0, 1]) == pytest.approx(2 * model.log_prob("MAY", ["A"]) - 3, rel=1e-5)
    assert float(pairs.ending[1]) == pytest.approx(2 * model.log_prob("</s>", ["MAY"]), rel=1e-5)
    assert math.isfinite(float(pairs.following[0, 2]))


def test_unknown_words_and_empty_transcripts_are_refused():
    lexicon = phones(DICTIONARY)
    with pytest.raises(ValueError, match="words must be in the lexicon of 2 words, got 'NO'"):
        lexicon.graph(["NO"])
    with pytest.raises(ValueError, match="words must be in the lexicon"):
        lexicon.linear(["NO"])
    with pytest.raises(ValueError, match="words must hold at least one word"):
        lexicon.graph([])
