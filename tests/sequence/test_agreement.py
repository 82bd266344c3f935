"""The string that several readings agree on, against the sum over all paths."""

import itertools
import math

import pytest
import torch
from ctc_oracle import collapse

from hnrc_lib.sequence import Reading, greedy_decode, most_agreed

FRAMES, CLASSES = 4, 3


def reading(seed: int, frames: tuple[int, ...] = (FRAMES, 2)) -> Reading:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(max(frames), len(frames), CLASSES, dtype=torch.float64, generator=generator)
    return Reading((2 * scores).log_softmax(-1), torch.tensor(frames))


def log_prob(heard: Reading, index: int, string: tuple[int, ...]) -> float:
    """Sum over every path of one utterance that reads as the string."""
    rows = heard.log_probs[: int(heard.lengths[index]), index].tolist()
    total = sum(
        math.exp(sum(row[k] for row, k in zip(rows, path, strict=True)))
        for path in itertools.product(range(CLASSES), repeat=len(rows))
        if tuple(collapse(path, 0)) == string
    )
    return math.log(total) if total else -math.inf


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_highest_mean_of_the_sums_over_all_paths(seed):
    readings = [reading(3 * seed + k) for k in range(3)]
    strings = [(), (1,), (2,), (1, 2), (2, 1), (1, 1), (2, 2, 1)]
    found = most_agreed([strings, strings], readings)
    for index, chosen in enumerate(found):
        means = {string: sum(log_prob(heard, index, string) for heard in readings) for string in strings}
        assert chosen == max(means, key=means.__getitem__)


def sure(path: list[int]) -> Reading:
    hot = torch.nn.functional.one_hot(torch.tensor(path), 3).double()
    return Reading(((hot + 0.02) / 1.06).log().unsqueeze(1), torch.tensor([len(path)]))


def test_readings_agree_where_the_mean_of_their_frames_reads_nothing():
    readings = [sure(path) for path in ([1, 2, 0, 0, 0, 0], [0, 0, 1, 2, 0, 0], [0, 0, 0, 0, 1, 2])]
    mean = torch.stack([one.log_probs for one in readings]).mean(0).log_softmax(-1)
    assert greedy_decode(mean, [6])[0].symbols == ()
    assert most_agreed([[(), (1, 2), (2, 1)]], readings) == [(1, 2)]


def test_readings_may_have_different_numbers_of_frames():
    assert most_agreed([[(), (1, 2), (2, 1)]], [sure([1, 2, 0, 0]), sure([0, 0, 0, 0, 1, 2])]) == [(1, 2)]


class Likes:
    """A language model that adds a given score to one symbol, and one to the end."""

    def __init__(self, symbol: int, score: float, end: float = 0.0) -> None:
        self.symbol, self.score, self.end = symbol, score, end

    def start(self) -> int:
        return 0

    def extend(self, state: int, symbol: int) -> tuple[int, float]:
        return state + 1, self.score if symbol == self.symbol else 0.0

    def finish(self, state: int) -> float:
        return self.end * state


def test_a_language_model_adds_its_score_once():
    heard = [reading(seed, (FRAMES,)) for seed in range(2)]
    one, two = (sum(log_prob(h, 0, string) for h in heard) / 2 for string in ((1,), (2,)))
    for push, expected in ((one - two - 0.01, (1,)), (one - two + 0.01, (2,))):
        assert most_agreed([[(1,), (2,)]], heard, language_model=Likes(2, push)) == [expected]
    long = most_agreed([[(1,), (1, 2)]], heard, language_model=Likes(0, 0.0, end=100.0))
    assert long == [(1, 2)]


def test_the_first_of_equals_and_of_the_impossible_is_taken():
    flat = Reading(torch.zeros(2, 1, CLASSES).log_softmax(-1), torch.tensor([2]))
    assert most_agreed([[(2,), (1,)]], [flat]) == [(2,)]
    assert most_agreed([[(1, 1, 1), (2, 2, 2)]], [flat]) == [(1, 1, 1)]


def test_bad_arguments_are_named():
    heard = reading(0)
    with pytest.raises(ValueError, match="readings must hold at least one, got none"):
        most_agreed([[(1,)]], [])
    with pytest.raises(ValueError, match=r"readings must be of the 1 utterances of candidates, got \[2\]"):
        most_agreed([[(1,)]], [heard])
    with pytest.raises(
        ValueError, match=r"candidates must hold a string for each utterance, \[1\] have none"
    ):
        most_agreed([[(1,)], []], [heard])
