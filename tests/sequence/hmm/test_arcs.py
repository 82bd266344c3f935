import torch

from hnrc_lib.sequence.hmm.arcs import FORBIDDEN, incoming, log_probs


def test_a_sparse_and_a_dense_list_of_arcs_say_the_same():
    generator = torch.Generator().manual_seed(0)
    sparse = torch.rand(2, 9, 9, generator=generator) * (torch.rand(2, 9, 9, generator=generator) < 0.1)
    full = sparse + 1e-30
    values = torch.randn(2, 9, generator=generator)
    few, all_of_them = incoming(sparse), incoming(full)
    assert few.sources is not None
    assert all_of_them.sources is None
    found = few.arriving(values).max(-1).values
    slow = (values.unsqueeze(2) + log_probs(sparse)).max(1).values
    reachable = slow > FORBIDDEN / 2
    torch.testing.assert_close(found[reachable], slow[reachable])
    assert (found[~reachable] < FORBIDDEN / 2).all()


def test_the_source_of_an_arc_is_found_in_shared_and_in_own_models():
    moves = torch.eye(5).roll(1, 1)
    for matrix in (moves[None], moves.expand(2, 5, 5)):
        arcs = incoming(matrix)
        state = torch.tensor([0, 3])
        assert arcs.source_of(state, torch.zeros(2, dtype=torch.int64)).tolist() == [4, 2]


def test_the_logarithm_of_zero_is_forbidden_and_its_derivative_zero():
    probs = torch.tensor([0.5, 0.0], requires_grad=True)
    logs = log_probs(probs)
    assert logs[1] == FORBIDDEN
    logs.sum().backward()
    assert probs.grad.tolist() == [2.0, 0.0]
