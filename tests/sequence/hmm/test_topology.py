import itertools

import pytest
import torch

from hnrc_lib.sequence.hmm import (
    batch_graphs,
    forward,
    in_a_row,
    left_to_right,
    looped,
    optional,
    side_by_side,
    viterbi,
)


def language(graph, longest):
    """Probability of every string of emissions up to a length, by walking the graph."""
    found = {(): graph.empty_prob}
    for size in range(1, longest + 1):
        for path in itertools.product(range(len(graph)), repeat=size):
            prob = float(graph.initial_probs[path[0]] * graph.final_probs[path[-1]])
            for before, after in itertools.pairwise(path):
                prob *= float(graph.transition_matrix[before, after])
            if prob:
                said = tuple(graph.emissions[list(path)].tolist())
                found[said] = found.get(said, 0.0) + prob
    return {said: prob for said, prob in found.items() if prob}


def convolved(first, second, longest):
    found = {}
    for (a, p), (b, q) in itertools.product(first.items(), second.items()):
        if len(a + b) <= longest:
            found[a + b] = found.get(a + b, 0.0) + p * q
    return found


A, B = left_to_right([0, 1], stay=0.25), left_to_right([2], stay=0.5)
MAYBE = optional(B, 0.3)


def is_proper(graph):
    torch.testing.assert_close(
        graph.transition_matrix.sum(1) + graph.final_probs, torch.ones(len(graph)).double()
    )
    assert float(graph.initial_probs.sum()) + graph.empty_prob == pytest.approx(1)


@pytest.mark.parametrize("parts", [[A, B], [MAYBE, A], [A, MAYBE, MAYBE, A], [MAYBE, MAYBE], [A]])
def test_graphs_in_a_row_say_one_after_the_other(parts):
    joined = in_a_row(parts)
    is_proper(joined)
    expected = language(parts[0], 5)
    for part in parts[1:]:
        expected = convolved(expected, language(part, 5), 5)
    assert language(joined, 5) == pytest.approx(expected)


@pytest.mark.parametrize("probs", [None, [0.2, 0.5, 0.3]])
def test_graphs_side_by_side_say_either(probs):
    joined = side_by_side([A, B, MAYBE], probs)
    is_proper(joined)
    expected = {}
    for share, part in zip(probs or [1 / 3] * 3, [A, B, MAYBE], strict=True):
        for said, prob in language(part, 4).items():
            expected[said] = expected.get(said, 0.0) + share * prob
    assert language(joined, 4) == pytest.approx(expected)


def test_a_loop_says_it_once_or_more():
    loop = looped(side_by_side([A, B]), 0.4)
    is_proper(loop)
    once = language(side_by_side([A, B]), 4)
    expected, rounds = {}, {(): 1.0}
    for count in range(1, 5):
        rounds = convolved(rounds, once, 4)
        for said, prob in rounds.items():
            expected[said] = expected.get(said, 0.0) + 0.4 ** (count - 1) * 0.6 * prob
    assert language(loop, 4) == pytest.approx(expected)


def test_skips_leave_out_one_state():
    graph = left_to_right([0, 1, 2], stay=0.5, skip=0.2)
    is_proper(graph)
    expected = [[0.5, 0.4, 0.1], [0, 0.5, 0.4], [0, 0, 0.5]]
    torch.testing.assert_close(graph.transition_matrix, torch.tensor(expected).double())
    torch.testing.assert_close(graph.final_probs, torch.tensor([0, 0.1, 0.5]).double())


def test_each_emission_may_have_its_own_loop():
    graph = left_to_right([2, 0], stay=torch.tensor([0.1, 0.2, 0.3]))
    torch.testing.assert_close(
        graph.transition_matrix.diagonal(), torch.tensor([0.3, 0.1]).double(), atol=1e-7, rtol=0
    )


def test_words_are_kept_through_every_operation():
    loop = looped(side_by_side([in_a_row([A.word(7), MAYBE]), B.word(8)]))
    assert loop.words.tolist() == [7, 7, -1, 8]


def test_a_batch_of_graphs_scores_each_sequence_with_its_own():
    graphs = [in_a_row([A, MAYBE, A]), B, looped(side_by_side([A, B]))]
    scores = torch.randn(3, 6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    lengths = torch.tensor([6, 3, 5])
    batch = batch_graphs(graphs)
    arguments = (*batch[:2], batch.log_likelihoods(scores), lengths, batch.final_probs)
    total, best = forward(*arguments).log_likelihood, viterbi(*arguments)
    for index, (graph, length) in enumerate(zip(graphs, lengths.tolist(), strict=True)):
        own = scores[index : index + 1, :length, graph.emissions]
        alone = (graph.initial_probs, graph.transition_matrix, own, None, graph.final_probs)
        torch.testing.assert_close(total[index], forward(*alone).log_likelihood[0])
        assert best.states[index, :length].tolist() == viterbi(*alone).states[0].tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: left_to_right([]), "emissions must name at least one state"),
        (lambda: left_to_right([0], stay=1.0), "stay must lie in 0 … 1"),
        (lambda: left_to_right([0], skip=-0.1), "skip must lie in 0 … 1"),
        (lambda: in_a_row([]), "graphs must hold at least one graph"),
        (lambda: side_by_side([A, B], [0.5, 0.6]), "probs must be 2 numbers that sum to 1"),
        (lambda: optional(A, 0.0), "prob must lie in 0 … 1"),
        (lambda: looped(MAYBE), "graph must not be passed without a frame in a loop"),
        (lambda: looped(A, 1.0), "again must lie in 0 … 1"),
    ],
)
def test_a_graph_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
