import numpy as np
import pytest
import torch
from hmmlearn.hmm import GMMHMM, GaussianHMM

from hnrc_lib.sequence.hmm import HMM, GaussianMixture, baum_welch


def problem(components, states=3, features=2, seed=0):
    """A random model, and three sequences of lengths 40, 25 and 31, padded with rubbish."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64) + 0.1

    start, moves, weights = (
        part / part.sum(-1, keepdim=True)
        for part in (draw(states), draw(states, states), draw(states, components))
    )
    shape = (states, components, features)
    means = 2 * torch.randn(shape, generator=generator, dtype=torch.float64)
    x = 2 * torch.randn(3, 40, features, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([40, 25, 31])
    x[torch.arange(40) >= lengths.unsqueeze(1)] = 1e6
    return HMM(start, moves), GaussianMixture(weights, means, draw(*shape)), x, lengths


def peer_of(hmm, emissions):
    """The same model in hmmlearn, its priors switched off, one step of EM."""
    options = {"init_params": "", "n_iter": 1, "tol": -1e9, "covariance_type": "diag", "min_covar": 0}
    if emissions.weights.shape[1] == 1:
        peer = GaussianHMM(n_components=3, covars_prior=0, **options)
        peer.means_, peer.covars_ = emissions.means[:, 0].numpy(), emissions.variances[:, 0].numpy()
    else:
        peer = GMMHMM(n_components=3, n_mix=emissions.weights.shape[1], **options)
        peer.means_, peer.covars_ = emissions.means.numpy(), emissions.variances.numpy()
        peer.weights_ = emissions.weights.numpy()
    peer.startprob_, peer.transmat_ = hmm.initial_probs.numpy(), hmm.transition_matrix.numpy()
    return peer


def rows(x, lengths):
    return np.concatenate([part[:length] for part, length in zip(x.numpy(), lengths.tolist(), strict=True)])


@pytest.mark.parametrize("components", [1, 3])
def test_score_posteriors_and_path_are_those_of_hmmlearn(components):
    hmm, emissions, x, lengths = problem(components)
    peer, heard = peer_of(hmm, emissions), rows(x, lengths)
    scores = emissions.log_prob(x)
    found = hmm.posteriors(scores, lengths)
    expected, posteriors = peer.score_samples(heard, lengths.tolist())
    assert found.log_likelihood.sum().item() == pytest.approx(expected, rel=1e-10)
    inside = torch.arange(40) < lengths.unsqueeze(1)
    torch.testing.assert_close(found.states[inside], torch.from_numpy(posteriors))
    score, states = peer.decode(heard, lengths.tolist())
    path = hmm.viterbi(scores, lengths)
    assert path.score.sum().item() == pytest.approx(score, rel=1e-10)
    assert path.states[inside].tolist() == states.tolist()
    torch.testing.assert_close(hmm.log_likelihood(scores, lengths), found.log_likelihood)


@pytest.mark.parametrize("components", [1, 3])
def test_one_step_is_that_of_hmmlearn(components):
    hmm, emissions, x, lengths = problem(components)
    peer = peer_of(hmm, emissions)
    peer.fit(rows(x, lengths), lengths.tolist())
    found = baum_welch(hmm, emissions, x, lengths, variance_floor=1e-9)
    ours, theirs = found.emissions, [peer.startprob_, peer.transmat_, peer.means_]
    means = ours.means[:, 0] if components == 1 else ours.means
    for part, expected in zip(
        (found.hmm.initial_probs, found.hmm.transition_matrix, means), theirs, strict=True
    ):
        torch.testing.assert_close(part, torch.from_numpy(expected))
    if components == 1:
        diagonal = np.stack([np.diag(covariance) for covariance in peer.covars_])
        torch.testing.assert_close(ours.variances[:, 0], torch.from_numpy(diagonal))
    else:
        torch.testing.assert_close(ours.weights, torch.from_numpy(peer.weights_))


@pytest.mark.parametrize("components", [1, 2])
def test_no_step_lowers_the_likelihood(components):
    found = baum_welch(*problem(components), num_steps=8, variance_floor=1e-9)
    assert len(found.log_likelihood) == 8
    assert all(b >= a - 1e-9 for a, b in zip(found.log_likelihood, found.log_likelihood[1:], strict=False))
    assert found.log_likelihood[-1] > found.log_likelihood[0] + 1


def test_ends_are_learned_and_zeros_stay():
    moves = torch.tensor([[0.5, 0.3, 0.0], [0.0, 0.4, 0.4], [0.0, 0.0, 0.5]]).double()
    hmm = HMM(torch.tensor([1.0, 0, 0]).double(), moves, 1 - moves.sum(1))
    _, emissions, x, lengths = problem(1)
    found = baum_welch(hmm, emissions, x, lengths).hmm
    assert (found.transition_matrix[moves == 0] == 0).all()
    torch.testing.assert_close(found.transition_matrix.sum(1) + found.final_probs, torch.ones(3).double())
    posteriors = hmm.posteriors(emissions.log_prob(x), lengths)
    ends = sum(states[length - 1] for states, length in zip(posteriors.states, lengths.tolist(), strict=True))
    torch.testing.assert_close(found.final_probs, ends / posteriors.states.sum((0, 1)))


def test_a_state_never_visited_keeps_its_row():
    hmm = HMM(torch.tensor([1.0, 0]).double(), torch.tensor([[1.0, 0], [0.3, 0.7]]).double())
    emissions = GaussianMixture(
        *(part.double() for part in (torch.ones(2, 1), torch.zeros(2, 1, 2), torch.ones(2, 1, 2)))
    )
    found = baum_welch(hmm, emissions, torch.zeros(1, 4, 2).double()).hmm
    assert found.transition_matrix[1].tolist() == pytest.approx([0.3, 0.7])


def test_a_sequence_without_a_path_and_no_steps_are_refused():
    hmm = HMM(torch.tensor([1.0, 0]), torch.tensor([[0.0, 1.0], [0.0, 0.0]]), torch.tensor([0.0, 1.0]))
    emissions = GaussianMixture(torch.ones(2, 1), torch.zeros(2, 1, 1), torch.ones(2, 1, 1))
    with pytest.raises(ValueError, match=r"sequences \[1\] have none"):
        baum_welch(hmm, emissions, torch.zeros(2, 3, 1), torch.tensor([2, 3]))
    with pytest.raises(ValueError, match="num_steps must be positive, got 0"):
        baum_welch(hmm, emissions, torch.zeros(2, 3, 1), num_steps=0)


def test_what_cannot_happen_still_cannot_after_a_step():
    """Only the last of three states may end: the others' share of ends is exactly nought, whatever rounds."""
    start = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    moves = torch.tensor([[0.7, 0.3, 0], [0, 0.6, 0.4], [0, 0, 0.9]], dtype=torch.float64)
    hmm = HMM(start, moves, torch.tensor([0.0, 0, 0.1], dtype=torch.float64))
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        scores = 5 * torch.randn(4, 30, 3, generator=generator, dtype=torch.float64)
        found = hmm.reestimated(hmm.posteriors(scores))
        assert found.final_probs is not None
        assert found.final_probs[:2].tolist() == [0, 0]
        assert ((found.transition_matrix == 0) >= (moves == 0)).all()
        assert found.final_probs[2] > 0
