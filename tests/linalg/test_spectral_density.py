import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, SpectralDensity, effective_dimension, spectral_density

BULK = torch.cat([torch.randn(380, generator=seeded(9)) * 0.1, torch.tensor([2.0, 3.0, -1.0] + [0.0] * 17)])


@given(
    size=st.integers(1, 20), vectors=st.integers(1, 4), steps=st.integers(1, 25), seed=st.integers(0, 2**31)
)
@settings(max_examples=40)
def test_every_probe_reproduces_its_own_moments(size, vectors, steps, seed):
    A = with_spectrum(torch.randn(size, generator=seeded(seed)), seed=seed)
    density = spectral_density(A, num_vectors=vectors, num_steps=steps, generator=seeded(seed))
    taken = torch.randint(0, 2, (vectors, size), generator=seeded(seed)).double() * 2 - 1
    product = taken.mT
    for degree in range(2 * min(steps, size)):
        moments = (density.weights * density.nodes**degree).sum(1)
        direct = (taken.mT * product).sum(0) / size
        torch.testing.assert_close(moments, direct, rtol=1e-7, atol=1e-8)
        product = A @ product
    assert bool((density.weights >= 0).all())


def test_the_distance_to_the_exact_spectrum_is_small_and_shrinks_with_more_probes():
    A = with_spectrum(BULK)
    few, many = (
        torch.tensor(
            [
                spectral_density(A, num_vectors=k, num_steps=30, generator=seeded(s)).wasserstein_distance(
                    BULK
                )
                for s in range(8)
            ]
        ).mean()
        for k in (1, 16)
    )
    assert float(many) < 0.01
    assert float(many) < float(few) / 2


@given(size=st.integers(1, 12), seed=st.integers(0, 2**31))
@settings(max_examples=40)
def test_the_distance_is_that_of_scipy(size, seed):
    generator = seeded(seed)
    nodes, exact = torch.randn(2, 7, generator=generator).double(), torch.randn(size, generator=generator)
    weights = torch.rand(2, 7, generator=generator).double()
    weights /= weights.sum(1, keepdim=True)
    theirs = wasserstein_distance(nodes.flatten().numpy(), exact.double().numpy(), weights.flatten().numpy())
    assert SpectralDensity(nodes, weights, size).wasserstein_distance(exact) == pytest.approx(
        theirs, abs=1e-12
    )


def test_the_error_bar_of_an_expectation_covers_the_truth():
    spectrum = torch.linspace(-1, 2, 300)
    A, truth, covered = with_spectrum(spectrum), float(spectrum.exp().mean()), 0
    means, errors = [], []
    for seed in range(100):
        density = spectral_density(A, num_vectors=12, num_steps=8, generator=seeded(seed))
        mean, error = density.expectation(torch.exp)
        means.append(mean)
        errors.append(error)
        covered += abs(mean - truth) <= 2.2 * error  # 95 % of Student's t with 11 degrees of freedom
    assert 88 <= covered <= 100
    claimed, scatter = torch.tensor(errors).square().mean().sqrt(), torch.tensor(means).std()
    assert float(claimed) == pytest.approx(float(scatter), rel=0.2)


def test_the_smoothed_density_is_the_exact_histogram_smoothed():
    A, width = with_spectrum(BULK), 0.1
    points = torch.linspace(-2, 4, 601, dtype=torch.float64)
    density = spectral_density(A, num_vectors=32, num_steps=60, generator=seeded(0))
    heights, errors = density.smoothed(points, width=width)
    scaled = (points.unsqueeze(1) - BULK.double()) / width
    exact = torch.exp(-(scaled**2) / 2).mean(1) / (width * math.sqrt(2 * math.pi))
    assert float(torch.trapezoid(heights, points)) == pytest.approx(1.0, abs=1e-6)
    assert bool(((heights - exact).abs() <= 4 * errors + 1e-3).all())
    assert float(errors.max()) < 0.1 * float(exact.max())


def test_an_early_end_is_padded_with_nothing():
    A = DenseOperator(torch.diag(torch.tensor([1.0, 1.0, 1.0, 1.0])))
    density = spectral_density(A, num_vectors=3, num_steps=4, generator=seeded(0))
    assert density.expectation(torch.exp)[0] == pytest.approx(math.e, rel=1e-6)
    assert density.nodes.shape == (3, 1)
    mixed = spectral_density(DenseOperator(torch.diag(torch.arange(3.0))), num_steps=9, generator=seeded(0))
    assert mixed.wasserstein_distance(torch.arange(3.0)) == pytest.approx(0.0, abs=1e-6)


def test_memory_can_be_traded_for_calls():
    A = Counted(with_spectrum(BULK))
    apart = spectral_density(A, num_vectors=5, num_steps=8, vectors_at_once=2, generator=seeded(0))
    assert (A.calls, A.columns) == (24, 40)
    together = spectral_density(A, num_vectors=5, num_steps=8, generator=seeded(0))
    assert apart.nodes.shape == together.nodes.shape == (5, 8)


def test_one_probe_has_no_error_bar():
    density = spectral_density(with_spectrum(BULK), num_vectors=1, num_steps=5)
    assert math.isnan(density.expectation(torch.square)[1])
    assert bool(torch.isnan(density.smoothed(torch.zeros(2))[1]).all())


def test_the_effective_dimension_of_a_density_is_that_of_its_spectrum():
    spectrum = torch.logspace(-6, 1, 300)
    density = spectral_density(with_spectrum(spectrum), num_vectors=40, num_steps=60, generator=seeded(0))
    error = 300 * density.expectation(lambda h: h / (h + 0.01))[1]
    exact = effective_dimension(spectrum, 0.01)
    assert effective_dimension(density, 0.01) == pytest.approx(exact, abs=4 * error)
    assert error < 0.05 * exact


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": DenseOperator(torch.ones(2, 3))}, "A must be square"),
        ({"num_vectors": 0}, "num_vectors must be at least 1, got 0"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"vectors_at_once": 0}, "vectors_at_once must be at least 1, got 0"),
        ({"A": NotFinite(4, 1)}, r"A @ vectors \(step 2\) must be finite"),
    ],
)
def test_bad_input_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        spectral_density(**{"A": DenseOperator(torch.eye(4))} | arguments)


def test_a_width_or_function_that_makes_no_sense_is_refused():
    density = spectral_density(with_spectrum(BULK), num_vectors=2, num_steps=5)
    with pytest.raises(ValueError, match="width must be positive and finite, got 0"):
        density.smoothed(torch.zeros(2), width=0.0)
    with pytest.raises(ValueError, match=r"function\(nodes\) must be finite"):
        density.expectation(torch.sqrt)
