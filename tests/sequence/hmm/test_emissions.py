import jaxtyping
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from hnrc_lib.sequence.hmm import GaussianMixture, gaussian_from_alignment
from hnrc_lib.sequence.hmm import emissions as module


def mixture(seed=0, states=3, components=2, features=4):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(states, components, generator=generator, dtype=torch.float64) + 0.1
    shape = (states, components, features)
    means = torch.randn(shape, generator=generator, dtype=torch.float64)
    variances = torch.rand(shape, generator=generator, dtype=torch.float64) + 0.2
    return GaussianMixture(weights / weights.sum(1, keepdim=True), means, variances)


def frames(count=50, features=4, seed=1):
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_densities_are_those_of_torch(monkeypatch):
    ours, x = mixture(), frames()
    parts = Independent(Normal(ours.means, ours.variances.sqrt()), 1)
    expected = MixtureSameFamily(Categorical(ours.weights), parts).log_prob(x.unsqueeze(1))
    torch.testing.assert_close(ours.log_prob(x), expected)
    torch.testing.assert_close(ours.log_prob(x.view(5, 10, 4)), expected.view(5, 10, 3))
    monkeypatch.setattr(module, "_CHUNK", 20)
    torch.testing.assert_close(ours.log_prob(x), expected)


def test_an_absent_component_adds_nothing():
    ours = mixture()
    weights = torch.cat([ours.weights, torch.zeros(3, 1).double()], 1)
    more = GaussianMixture(
        weights, torch.cat([ours.means, 9 + ours.means[:, :1]], 1), ours.variances[:, [0, 1, 1]]
    )
    torch.testing.assert_close(more.log_prob(frames()), ours.log_prob(frames()))


def test_statistics_are_the_sums_written_out(monkeypatch):
    ours, x = mixture(), frames()
    shares = torch.rand(50, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = ours.statistics(x, shares)
    counts, sums, squares = (torch.zeros_like(part) for part in found)
    for row, share in zip(x, shares, strict=True):
        for s in range(3):
            densities = [
                w * Normal(m, v.sqrt()).log_prob(row).sum().exp()
                for w, m, v in zip(ours.weights[s], ours.means[s], ours.variances[s], strict=True)
            ]
            for c, density in enumerate(densities):
                part = share[s] * density / sum(densities)
                counts[s, c] += part
                sums[s, c] += part * row
                squares[s, c] += part * row.square()
    for part, expected in zip(found, (counts, sums, squares), strict=True):
        torch.testing.assert_close(part, expected)
    monkeypatch.setattr(module, "_CHUNK", 30)
    for part, whole in zip(ours.statistics(x, shares), found, strict=True):
        torch.testing.assert_close(part, whole)
    halves = ours.statistics(x[:20], shares[:20]).plus(ours.statistics(x[20:], shares[20:]))
    for part, whole in zip(halves, found, strict=True):
        torch.testing.assert_close(part, whole)


def test_em_never_lowers_the_likelihood_and_meets_the_floor():
    ours, x = mixture(states=1), frames(200)
    before = ours.log_prob(x).sum()
    for _ in range(10):
        ours = ours.reestimated(ours.statistics(x), variance_floor=1e-9)
        after = ours.log_prob(x).sum()
        assert after >= before - 1e-9
        before = after
    floored = ours.reestimated(ours.statistics(x), variance_floor=torch.tensor([2.0, 1e-9, 1e-9, 1e-9]))
    assert floored.variances[..., 0].min() == 2.0
    assert floored.variances[..., 1].max() < 2.0


def test_what_has_no_frames_is_kept():
    ours, x = mixture(), frames()
    alone = torch.zeros(50, 3, dtype=torch.float64)
    alone[:, 0] = 1
    found = ours.reestimated(ours.statistics(x, alone))
    for before, after in (
        (ours.weights, found.weights),
        (ours.means, found.means),
        (ours.variances, found.variances),
    ):
        torch.testing.assert_close(after[1:], before[1:])
        assert not torch.allclose(after[0], before[0])


def test_a_split_keeps_the_mean_of_each_state():
    ours = mixture()
    twice = ours.split(offset=0.3)
    assert twice.weights.shape == (3, 4)
    means = [(part.weights.unsqueeze(-1) * part.means).sum(1) for part in (ours, twice)]
    torch.testing.assert_close(*means)
    torch.testing.assert_close(twice.means[:, 2:] - twice.means[:, :2], 0.6 * ours.variances.sqrt())


def test_gaussians_of_an_alignment_are_means_and_variances():
    x, states = frames(), torch.arange(50) % 3
    ours = gaussian_from_alignment(x, torch.eye(3).double()[states])
    for s in range(3):
        torch.testing.assert_close(ours.means[s, 0], x[states == s].mean(0))
        torch.testing.assert_close(ours.variances[s, 0], x[states == s].var(0, correction=0))
    torch.testing.assert_close(ours.state(1).log_prob(x)[:, 0], ours.log_prob(x)[:, 1])


def test_bad_shapes_and_states_without_frames_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    ours = mixture()
    with pytest.raises(ValueError, match="weights and means must have shapes"):
        GaussianMixture(ours.weights[:2], ours.means, ours.variances)
    with pytest.raises(ValueError, match="variances must have the shape of means"):
        GaussianMixture(ours.weights, ours.means, ours.variances[..., :2])
    with pytest.raises(ValueError, match="variances must be positive, got 0"):
        GaussianMixture(ours.weights, ours.means, 0 * ours.variances)
    with pytest.raises(ValueError, match=r"states \[2\] have none"):
        gaussian_from_alignment(frames(), torch.eye(3).double()[torch.arange(50) % 2])
