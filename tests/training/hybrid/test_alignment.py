import pytest
import torch

from hnrc_lib.sequence.hmm import in_a_row, left_to_right, optional, viterbi
from hnrc_lib.training.hybrid import align, stay_probs, uniform_alignment
from hnrc_lib.training.hybrid.alignment import best_paths, by_length, word_frames

GRAPHS = [in_a_row([left_to_right([k, (k + 1) % 5])] * (1 + k % 2)) for k in range(5)]
HEARD = [torch.randn(size, 5, generator=torch.Generator().manual_seed(size)) for size in (9, 4, 12, 5, 7)]


def scores(features, lengths):
    return features


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_each_utterance_is_aligned_as_if_alone(batch_size):
    found, mean = align(scores, HEARD, GRAPHS, batch_size=batch_size)
    total = 0.0
    for states, heard, graph in zip(found, HEARD, GRAPHS, strict=True):
        alone = heard[None, :, graph.emissions].double()
        best = viterbi(graph.initial_probs, graph.transition_matrix, alone, None, graph.final_probs)
        assert states.tolist() == graph.emissions[best.states[0]].tolist()
        total += float(best.score)
    assert mean == pytest.approx(total / 37)


def test_an_utterance_too_short_is_named():
    with pytest.raises(ValueError, match=r"utterances must be long enough for what they say, \[1\] are not"):
        align(scores, [HEARD[0], HEARD[1][:1]], GRAPHS[:2])
    with pytest.raises(ValueError, match="graphs must be one for each of 5 utterances, got 2"):
        align(scores, HEARD, GRAPHS[:2])


def test_even_cuts_are_even_and_in_order():
    assert uniform_alignment([7, 3, 7], 8).tolist() == [7, 7, 7, 3, 3, 3, 7, 7]
    assert uniform_alignment([1, 2], 2).tolist() == [1, 2]


def test_batches_hold_everyone_once_by_length():
    batches = by_length(HEARD, 2)
    assert batches == [[1, 3], [4, 0], [2]]


def test_long_stays_are_probable_and_nothing_is_certain():
    found = stay_probs([torch.tensor([0] * 10 + [1]), torch.tensor([0] * 6)], 3)
    assert found.tolist() == pytest.approx([1 - 2 / 16, 0.05, 0.95])


def test_words_are_found_where_they_were_put_with_and_without_silence_between_them():
    """One frame's features are the score of each emission: the loudest names it."""
    pause = optional(left_to_right([4]))
    words = [left_to_right([0, 1]).word(0), left_to_right([2, 3]).word(1), left_to_right([0, 1]).word(0)]
    graph = in_a_row([part for word in words for part in (pause, word)] + [pause])
    said = [4, 4, 0, 0, 1, 2, 3, 3, 3, 4, 0, 1, 1, 1, 4]
    heard = 20 * torch.nn.functional.one_hot(torch.tensor(said), 5).double()
    (path,), _ = best_paths(scores, [heard], [graph])
    assert word_frames(graph, path) == [(2, 5), (5, 9), (10, 14)]
    assert graph.emissions[path].tolist() == said


def test_a_word_said_twice_without_a_pause_is_two_words():
    pause = optional(left_to_right([2]))
    once = left_to_right([0, 1]).word(0)
    graph = in_a_row([pause, once, pause, once, pause])
    heard = 20 * torch.nn.functional.one_hot(torch.tensor([0, 1, 1, 0, 1]), 3).double()
    (path,), _ = best_paths(scores, [heard], [graph])
    assert word_frames(graph, path) == [(0, 3), (3, 5)]
