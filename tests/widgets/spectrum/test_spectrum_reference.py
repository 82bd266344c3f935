"""The reference against plain sums, scipy, and the library's dense Hessian and damped steps."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.stats import norm

from hnrc_lib.experiments.fsdd_hessian import final_hessian
from hnrc_lib.experiments.record import load_record
from hnrc_lib.linalg import SpectralDensity
from hnrc_lib.widgets.spectrum import reference
from hnrc_lib.widgets.spectrum.widget import NUM_STEPS, NUM_VECTORS, lanczos_quadratures

RNG = np.random.default_rng(2)
EIGENVALUES = np.sort(np.concatenate([RNG.normal(size=200) * 1e-3, [-0.2, -1e-18, 0.0, 0.5, 2.0]]))


def test_the_density_is_a_sum_of_normal_densities_and_that_of_the_library() -> None:
    nodes, weights = RNG.normal(size=30), RNG.dirichlet(np.ones(30))
    points = np.linspace(-4, 4, 50)
    found = reference.density(nodes, weights, points, 0.2)
    expected = sum(w * norm.pdf(points, node, 0.2) for node, w in zip(nodes, weights, strict=True))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    library = SpectralDensity(torch.from_numpy(nodes)[None], torch.from_numpy(weights)[None], 30)
    values, _ = library.smoothed(torch.from_numpy(points), width=0.2)
    np.testing.assert_allclose(found, values, rtol=1e-10)


@pytest.mark.parametrize("scale", reference.SCALES)
def test_curves_hold_all_of_the_spectrum(scale: str) -> None:
    domain = reference.axis_domain(EIGENVALUES[None], scale)
    weights = np.full(len(EIGENVALUES), 1 / len(EIGENVALUES))
    place, height = reference.curve(EIGENVALUES, weights, scale, domain).T
    assert trapezoid(height, place) == pytest.approx(1, abs=0.01)
    assert place[[0, -1]].tolist() == list(domain)
    inside = reference.to_axis(EIGENVALUES, scale)
    assert domain[0] < inside.min()
    assert inside.max() < domain[1]


@given(damping=st.floats(0, 10), scale=st.sampled_from(reference.SCALES))
@settings(max_examples=40, deadline=None)
def test_bins_share_out_every_eigenvalue(damping: float, scale: str) -> None:
    domain = reference.axis_domain(EIGENVALUES[None], scale)
    weights = np.full(len(EIGENVALUES), 1 / len(EIGENVALUES))
    found = reference.bins(EIGENVALUES, weights, scale, domain, damping)
    means, shares, factors = np.array(found).T
    assert shares.sum() == pytest.approx(1)
    assert (means * shares).sum() == pytest.approx(EIGENVALUES.mean())
    for mean, factor in zip(means, factors, strict=True):
        if mean + damping == 0:
            assert np.isnan(factor)
        else:
            assert factor == mean / (mean + damping)


@given(damping=st.floats(0, 3))
@settings(max_examples=40, deadline=None)
def test_an_inspection_counts_by_hand(damping: float) -> None:
    found = reference.inspect(EIGENVALUES, damping)
    values = EIGENVALUES.tolist()
    assert found.drowned == sum(abs(v) < damping for v in values) / len(values)
    assert found.indefinite == sum(v + damping <= 0 for v in values)
    assert (found.zero, found.negative) == (2, sum(v < -1e-9 for v in values))
    assert (found.condition is None) == (damping <= 0.2)
    if found.condition is not None:
        assert found.condition == pytest.approx(np.linalg.cond(np.diag(EIGENVALUES + damping)), rel=1e-6)


@given(needed=st.floats(1e-8, 9))
@example(needed=0.47)
@example(needed=1e-8)
@settings(max_examples=60, deadline=None)
def test_the_optimum_just_suffices(needed: float) -> None:
    best = reference.optimum(needed)
    assert needed < best <= needed * 1.0101 + 1e-15
    assert float(f"{best:.3g}") == best
    assert reference.optimum(-needed) == 0


def test_the_factor_is_what_damping_leaves_of_newton_s_step() -> None:
    record = load_record("fsdd_hessian")
    values, vectors = np.linalg.eigh(final_hessian(record))
    kept = [0, 100, -5, -1]
    gradient = vectors[:, kept].sum(1)
    damped = np.linalg.solve(vectors * (values + 0.5) @ vectors.T, gradient)
    newton = 1 / values[kept]
    np.testing.assert_allclose(
        vectors[:, kept].T @ damped / newton, reference.shrinkage(values[kept], 0.5), rtol=1e-6
    )


def test_quadratures_know_the_ends_and_the_moments() -> None:
    spectra = np.stack([EIGENVALUES, EIGENVALUES * 3 + 0.1])
    nodes, weights = lanczos_quadratures(spectra)
    assert nodes.shape == weights.shape == (2, NUM_VECTORS * NUM_STEPS)
    np.testing.assert_allclose(weights.sum(1), 1)
    for row, (node, weight) in zip(spectra, zip(nodes, weights, strict=True), strict=True):
        assert node.max() == pytest.approx(row.max(), rel=1e-6)
        assert node.min() == pytest.approx(row.min(), rel=1e-6)
        scatter = np.sqrt(2 * (row**2).mean() / len(row) / NUM_VECTORS)
        assert node @ weight == pytest.approx(row.mean(), abs=4 * scatter)
    one = lanczos_quadratures(np.array([[1.0, 2.0, 3.0]]))
    assert one[0].shape == (1, 3 * NUM_VECTORS)
