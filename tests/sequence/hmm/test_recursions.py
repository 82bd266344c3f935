import pytest
import torch
from hmm_oracle import cases, each
from hmmlearn.hmm import CategoricalHMM
from hypothesis import given, settings

from hnrc_lib.sequence.hmm import backward, forward, forward_backward


def arguments(case):
    return (case.initial, case.moves, case.scores, case.lengths, case.final)


@settings(max_examples=60)
@given(cases())
def test_likelihood_and_posteriors_are_those_of_all_paths(case):
    found = forward_backward(*arguments(case))
    total = forward(*arguments(case)).log_likelihood
    for index, length, expected in each(case):
        torch.testing.assert_close(total[index], expected.log_likelihood)
        torch.testing.assert_close(found.log_likelihood[index], expected.log_likelihood)
        torch.testing.assert_close(found.states[index, :length], expected.states)
        torch.testing.assert_close(found.transitions[index], expected.transitions)
        assert (found.states[index, length:] == 0).all()


@settings(max_examples=30)
@given(cases())
def test_forward_and_backward_meet_at_every_frame(case):
    alpha, beta = forward(*arguments(case)).log_alpha, backward(*arguments(case))
    for index, length, expected in each(case):
        meeting = (alpha[index] + beta[index])[:length].logsumexp(-1)
        torch.testing.assert_close(meeting, expected.log_likelihood.expand(length))


@pytest.mark.parametrize("dense", [True, False])
def test_posteriors_are_the_derivatives_of_the_log_likelihood(dense):
    generator = torch.Generator().manual_seed(0)
    size = 6
    moves = torch.rand(size, size, generator=generator, dtype=torch.float64)
    moves = moves if dense else moves.triu().tril(1)
    moves = (moves / moves.sum(1, keepdim=True)).requires_grad_()
    start = torch.full((size,), 1 / size, dtype=torch.float64)
    scores = torch.randn(3, 7, size, generator=generator, dtype=torch.float64).requires_grad_()
    lengths = torch.tensor([7, 1, 4])
    total = forward(start, moves, scores, lengths).log_likelihood.sum()
    by_scores, by_moves = torch.autograd.grad(total, (scores, moves))
    found = forward_backward(start, moves, scores, lengths)
    torch.testing.assert_close(by_scores, found.states)
    torch.testing.assert_close(by_moves * moves, found.transitions.sum(0))
    assert torch.autograd.gradcheck(
        lambda x: forward(start, moves.detach(), x, lengths).log_likelihood, (scores,)
    )


def test_scores_hundreds_of_nats_apart_lose_no_path():
    # The only path goes through the state that is e^2000 times less likely.
    start, moves = torch.tensor([1.0, 0]).double(), torch.tensor([[0.5, 0.5], [0, 1]]).double()
    scores = torch.tensor([[[0.0, 0], [0, -2000], [0, -2000], [0, 0]]]).double()
    ends = torch.tensor([0.0, 1]).double()
    found = forward(start, moves, scores, final_probs=ends).log_likelihood
    assert found.exp().item() == pytest.approx(0.125)
    late = scores[:, :3]
    assert forward(start, moves, late, final_probs=ends).log_likelihood.item() == pytest.approx(
        -2000 - 2 * torch.log(torch.tensor(2.0)).item()
    )


def test_a_long_sequence_agrees_with_hmmlearn():
    generator = torch.Generator().manual_seed(1)
    moves = torch.rand(4, 4, generator=generator, dtype=torch.float64)
    moves = moves / moves.sum(1, keepdim=True)
    start = moves[0]
    symbols = torch.rand(4, 3, generator=generator, dtype=torch.float64)
    symbols = symbols / symbols.sum(1, keepdim=True)
    peer = CategoricalHMM(n_components=4, n_features=3)
    peer.startprob_, peer.transmat_, peer.emissionprob_ = start.numpy(), moves.numpy(), symbols.numpy()
    heard = torch.randint(0, 3, (500,), generator=generator)
    score, posteriors = peer.score_samples(heard.view(-1, 1).numpy())
    found = forward_backward(start, moves, symbols.log()[:, heard].mT[None])
    assert found.log_likelihood.item() == pytest.approx(score, rel=1e-12)
    torch.testing.assert_close(found.states[0], torch.from_numpy(posteriors))


def test_float32_is_kept():
    found = forward_backward(torch.ones(1).double(), torch.ones(1, 1).double(), torch.zeros(1, 2, 1))
    assert found.states.dtype == found.transitions.dtype == torch.float32
