import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence.hmm import (
    PairScores,
    in_a_row,
    left_to_right,
    optional,
    viterbi,
    word_loop,
)

WORDS = [(0, [0, 1]), (1, [2, 5]), (0, [3, 3]), (2, [1, 2, 0])]
PAUSE = [4]


def random_pairs(seed, words=3):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.rand(words + 1, words + 1, generator=generator, dtype=torch.float64)
    rows[torch.rand(rows.shape, generator=generator) < 0.2] = 0
    rows[-1, -1] = 0
    rows = rows / rows.sum(1, keepdim=True).clamp(min=1e-9)
    return PairScores(rows[-1, :-1].log(), rows[:-1, :-1].log(), rows[:-1, -1].log())


def joined(pairs, pause, stay):
    """The loop as one model: start, moves and ends, and of its states emissions, words and first ones."""
    tail = [optional(left_to_right(pause, stay=stay), 0.3)] if pause else []
    chains = [in_a_row([left_to_right(states, stay=stay).word(word), *tail]) for word, states in WORDS]
    index, share = torch.tensor([0, 1, 0, 2]), torch.tensor([0.5, 1, 0.5, 1]).double()
    entering, following = (part.exp()[..., index] * share for part in pairs[:2])
    following, ending = following[index], pairs.ending.exp()[index]
    size = [len(chain) for chain in chains]
    start = [sum(size[:k]) for k in range(len(size))]
    # Words that are left, by chain; words that are entered, by chain.
    left, entered = torch.zeros(2, sum(size), len(chains)).double()
    for k, chain in enumerate(chains):
        rows = slice(start[k], start[k] + size[k])
        left[rows, k], entered[rows, k] = chain.final_probs, chain.initial_probs
    moves = torch.block_diag(*(chain.transition_matrix for chain in chains)) + left @ following @ entered.mT
    initial, ends = entered @ entering, left @ ending
    emissions, words = (torch.cat([getattr(c, name) for c in chains]) for name in ("emissions", "words"))
    if pause:
        silence = left_to_right(pause, stay=stay)
        moves = torch.block_diag(moves, silence.transition_matrix)
        moves[len(initial) :, : len(initial)] = torch.outer(silence.final_probs, initial)
        initial = torch.cat([0.7 * initial, 0.3 * silence.initial_probs])
        ends = torch.cat([ends, torch.zeros(len(silence)).double()])
        emissions, words = torch.cat([emissions, silence.emissions]), torch.cat([words, silence.words])
    return (initial, moves, ends), emissions, words, start


def read(states, words, starts):
    """Words of a state path: a chain is entered at its first state, unless the path stayed there."""
    found = []
    for t, state in enumerate(states):
        if state in starts and (t == 0 or states[t - 1] != state):
            found.append(int(words[state]))
    return found


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 9), st.sampled_from([[], [4], [4, 5]]), st.booleans())
def test_the_score_is_that_of_the_whole_graph(seed, frames, pause, tied):
    generator = torch.Generator().manual_seed(seed)
    stay = 0.2 + 0.6 * torch.rand(6, generator=generator, dtype=torch.float64) if tied else 0.4
    pairs = random_pairs(seed)
    scores = 3 * torch.randn(3, frames, 6, generator=generator, dtype=torch.float64)
    lengths = torch.randint(1, frames + 1, (3,), generator=generator)
    found = word_loop(WORDS, pairs, pause=pause, pause_prob=0.3, stay=stay).decode(scores, lengths)
    (initial, moves, ends), emissions, words, starts = joined(pairs, pause, stay)
    expected = viterbi(initial, moves, scores[..., emissions], lengths, ends)
    torch.testing.assert_close(found.score, expected.score)
    for index, length in enumerate(lengths.tolist()):
        if found.score[index].isinf():
            assert found.words[index] == found.starts[index] == []
            continue
        states = expected.states[index, :length].tolist()
        assert found.words[index] == read(states, words, starts)
        assert found.starts[index] == sorted(set(found.starts[index]))


def test_words_and_where_they_begin():
    pairs = PairScores(torch.zeros(2), torch.zeros(2, 2), torch.zeros(2))
    loop = word_loop([(0, [0, 1]), (1, [2])], pairs, pause=[3])
    path = [3, 3, 0, 0, 1, 3, 0, 1, 2, 3]
    scores = torch.full((1, len(path), 4), -50.0)
    scores[0, range(len(path)), path] = 0
    found = loop.decode(scores)
    assert found.words == [[0, 0, 1]]
    assert found.starts == [[2, 6, 8]]


def test_forbidden_pairs_are_never_said():
    never = torch.full((2, 2), -torch.inf)
    pairs = PairScores(torch.zeros(2), never, torch.zeros(2))
    scores = torch.randn(5, 8, 3, generator=torch.Generator().manual_seed(0))
    found = word_loop([(0, [0, 1]), (1, [2])], pairs).decode(scores)
    assert all(len(words) == 1 for words in found.words)
    short = word_loop([(0, [0, 1])], PairScores(torch.zeros(1), torch.zeros(1, 1), torch.zeros(1)))
    none = short.decode(scores[:, :1])
    assert none.words == [[]] * 5
    assert none.score.tolist() == [-torch.inf] * 5


def test_bad_pronunciations_are_refused():
    pairs = PairScores(torch.zeros(1), torch.zeros(1, 1), torch.zeros(1))
    with pytest.raises(ValueError, match="pronunciations must hold one at least"):
        word_loop([], pairs)
    with pytest.raises(ValueError, match="each of one state at least"):
        word_loop([(0, [])], pairs)
    with pytest.raises(ValueError, match="pause_prob must lie in 0 … 1, ends excluded, got 1"):
        word_loop([(0, [0])], pairs, pause=[1], pause_prob=1.0)
