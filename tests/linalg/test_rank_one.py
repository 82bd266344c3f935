import math

import jaxtyping
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hnrc_lib.linalg import rank_one_corrected_step, sherman_morrison

seeds = st.integers(0, 2**31)


@pytest.fixture
def without_annotations(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def spectrum_and_vectors(seed, size, signs):
    """A symmetric matrix with eigenvalues over eight decades, and two vectors."""
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    eigenvalues = 10 ** (8 * torch.rand(size, generator=generator, dtype=torch.float64) - 4)
    if signs == "mixed":
        eigenvalues *= torch.randint(0, 2, (size,), generator=generator) * 2 - 1
    v, g = torch.randn(2, size, generator=generator, dtype=torch.float64)
    return (basis * eigenvalues) @ basis.mT, v, g


@given(seed=seeds, size=st.integers(1, 9), log_damping=st.floats(-3, 3), weight=st.floats(-2, 2))
@settings(deadline=None)
def test_sherman_morrison_solves_the_dense_system(seed, size, log_damping, weight):
    _, u, g = spectrum_and_vectors(seed, size, "positive")
    damping = 10.0**log_damping
    matrix = damping * torch.eye(size, dtype=torch.float64) + weight * u.outer(u)
    condition = float(torch.linalg.cond(matrix))
    assume(condition < 1e9)
    expected = torch.linalg.solve(matrix, g)
    found = sherman_morrison(u, g, damping, weight=weight)
    assert (found - expected).norm() <= 1e-13 * (condition * expected.norm() + g.norm() / damping)


def test_the_gradient_normaliser_peaks_at_the_square_root_of_the_damping():
    damping = 0.04
    lengths = torch.logspace(-3, 3, 601, dtype=torch.float64)
    steps = torch.stack([sherman_morrison(x.view(1), x.view(1), damping)[0] for x in lengths])
    assert lengths[steps.argmax()].item() == pytest.approx(math.sqrt(damping), rel=0.02)
    assert steps.max().item() == pytest.approx(1 / (2 * math.sqrt(damping)), rel=1e-3)


def test_sherman_morrison_refuses_a_singular_matrix(without_annotations):
    u = torch.tensor([3.0, 4.0])
    with pytest.raises(ValueError, match=r"λI \+ w uuᵀ is singular: damping 25.0, w·uᵀu -25"):
        sherman_morrison(u, u, 25.0, weight=-1.0)
    with pytest.raises(ValueError, match="damping must be positive and finite, got -1"):
        sherman_morrison(u, u, -1.0)
    with pytest.raises(ValueError, match=r"vector must have shape \(2,\), got \(3,\)"):
        sherman_morrison(u, torch.zeros(3), 1.0)


@given(
    seed=seeds,
    size=st.integers(1, 9),
    log_damping=st.floats(-3, 3),
    signs=st.sampled_from(["positive", "mixed"]),
)
@settings(deadline=None)
def test_corrected_inverse_equals_the_dense_one(seed, size, log_damping, signs):
    H, v, g = spectrum_and_vectors(seed, size, signs)
    damping = 10.0**log_damping
    curvature = v @ H @ v
    assume(abs(curvature) > 1e-6 * (H @ v).norm() * v.norm())
    H1 = (H @ v).outer(v @ H) / curvature
    matrix = damping * torch.eye(size, dtype=torch.float64) + H1
    eigenvalues = torch.linalg.eigvalsh(matrix)
    condition = float(eigenvalues.abs().max() / eigenvalues.abs().min())
    assume(condition < 1e7)
    expected = torch.linalg.solve(matrix, g)
    found = rank_one_corrected_step(H @ v, v, g, damping)
    assert (found.solution - expected).norm() <= 1e-8 * (1 + condition) * expected.norm()
    assert found.positive_definite == bool(eigenvalues[0] > 0)
    assert (found.reason is None) == found.positive_definite
    largest = torch.linalg.eigvalsh(H1)
    assert found.eigenvalue == pytest.approx(float(largest[largest.abs().argmax()]), rel=1e-6)


@given(seed=seeds, size=st.integers(1, 9), log_damping=st.floats(-3, 3))
@settings(deadline=None)
def test_positive_curvature_makes_it_descend_and_shortens_the_step(seed, size, log_damping):
    H, _, g = spectrum_and_vectors(seed, size, "positive")
    damping = 10.0**log_damping
    found = rank_one_corrected_step(H @ g, g, g, damping)
    rho = (H @ g) @ (H @ g) / (g @ H @ g)
    expected = (g - (H @ g) / (damping + rho)) / damping
    assert found.positive_definite
    torch.testing.assert_close(found.solution, expected, rtol=1e-8, atol=1e-8 * float(expected.norm()))
    assert float(g @ found.solution) > 0
    assert float(found.solution.norm()) <= float(g.norm()) / damping * (1 + 1e-12)


def test_definiteness_flips_where_the_dense_matrix_does():
    H = torch.diag(torch.tensor([-2.0, 0.5], dtype=torch.float64))
    g = torch.tensor([1.0, 0.3], dtype=torch.float64)
    u = H @ g
    threshold = float((u @ u) / -(g @ u))
    below, above = (rank_one_corrected_step(u, g, g, threshold * f) for f in (0.999, 1.001))
    assert (below.positive_definite, below.reason) == (False, "not positive definite")
    assert (above.positive_definite, above.reason) == (True, None)
    assert below.eigenvalue == pytest.approx(-threshold)


def test_at_the_threshold_the_singular_direction_is_left_out():
    g = torch.tensor([1.0, 2.0], dtype=torch.float64)
    v = torch.tensor([-1.0, 0.0], dtype=torch.float64)
    u = torch.tensor([3.0, 0.0], dtype=torch.float64)
    found = rank_one_corrected_step(u, v, g, damping=3.0)
    assert (found.reason, found.positive_definite) == ("singular", False)
    matrix = 3.0 * torch.eye(2, dtype=torch.float64) + u.outer(u) / (v @ u)
    torch.testing.assert_close(found.solution, torch.linalg.pinv(matrix) @ g)


def test_no_curvature_along_v_leaves_the_correction_undefined():
    H = torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))
    v = torch.tensor([1.0, 1.0], dtype=torch.float64)
    g = torch.tensor([1.0, 0.0], dtype=torch.float64)
    found = rank_one_corrected_step(H @ v, v, g, damping=0.5)
    assert found.reason == "curvature undefined"
    assert math.isnan(found.eigenvalue)
    torch.testing.assert_close(found.solution, torch.tensor([1.0, 1.0], dtype=torch.float64))


def test_a_null_direction_changes_nothing():
    g = torch.tensor([1.0, -2.0])
    found = rank_one_corrected_step(torch.zeros(2), g, g, damping=4.0)
    assert (found.positive_definite, found.reason, found.eigenvalue) == (True, None, 0.0)
    assert torch.equal(found.solution, g / 4)


def test_there_is_no_newton_limit():
    H = torch.diag(torch.tensor([10.0, 1.0], dtype=torch.float64))
    g = torch.ones(2, dtype=torch.float64)
    lengths = [float(rank_one_corrected_step(H @ g, g, g, d).solution.norm()) for d in (1e-3, 1e-6)]
    assert lengths[1] / lengths[0] == pytest.approx(1000, rel=1e-2)
    assert float(torch.linalg.solve(H, g).norm()) < 1.1


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_squares_in_float32_neither_overflow_nor_underflow(size):
    u = torch.tensor([size, 0.0])
    found = rank_one_corrected_step(u, torch.tensor([size, size]), torch.ones(2), damping=1.0)
    assert found.eigenvalue == pytest.approx(1.0)
    assert found.solution.tolist() == pytest.approx([0.5, 1.0])


def test_wrong_vectors_are_refused_by_name(without_annotations):
    two = torch.ones(2)
    with pytest.raises(ValueError, match="damping must be positive and finite, got 0"):
        rank_one_corrected_step(two, two, two, 0.0)
    with pytest.raises(ValueError, match=r"g must have shape \(2,\), got \(3,\)"):
        rank_one_corrected_step(two, two, torch.ones(3), 1.0)
    with pytest.raises(ValueError, match="hvp_vector must be finite"):
        rank_one_corrected_step(two * math.nan, two, two, 1.0)
