import math

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import cg
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, conjugate_gradient, low_rank_inverse, nystrom


@given(
    size=st.integers(1, 30),
    seed=st.integers(0, 2**31),
    decades=st.floats(0, 4),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    started=st.booleans(),
)
@settings(max_examples=40)
def test_solves_what_a_dense_solver_solves(size, seed, decades, dtype, started):
    generator = seeded(seed)
    if dtype == torch.float32:
        decades /= 2
    spectrum = 10 ** (decades * torch.rand(size, generator=generator, dtype=torch.float64))
    A = with_spectrum(spectrum, seed=seed, dtype=dtype)
    b, x0 = torch.randn(2, size, generator=generator, dtype=dtype)
    rtol = 1e-4 if dtype == torch.float32 else 1e-9
    result = conjugate_gradient(A, b, x0=x0 if started else None, rtol=rtol, max_steps=20 * size)
    assert result.reason == "converged"
    assert (b - A @ result.solution).norm() <= 1.001 * rtol * b.norm()
    expected = torch.linalg.solve(A.matrix.double(), b.double())
    error = (result.solution.double() - expected).norm()
    assert error <= 2 * rtol * b.double().norm() / spectrum.min() + 1e-12


def test_the_iterates_are_those_of_scipy():
    A = with_spectrum(torch.logspace(0, 3, 40), seed=1)
    b = torch.randn(40, generator=seeded(2), dtype=torch.float64)
    theirs = []
    cg(A.matrix.numpy(), b.numpy(), rtol=1e-12, maxiter=12, callback=lambda x: theirs.append(x.copy()))
    for steps, expected in enumerate(theirs, start=1):
        result = conjugate_gradient(A, b, rtol=1e-12, max_steps=steps)
        assert (result.reason, result.steps) == ("max_steps", steps)
        np.testing.assert_allclose(result.solution.numpy(), expected, rtol=1e-8)
        assert result.residual_norm == pytest.approx(float((b - A @ result.solution).norm()), rel=1e-8)


def test_as_many_steps_as_distinct_eigenvalues():
    A = with_spectrum(torch.tensor([1.0] * 20 + [5.0] * 20 + [100.0] * 3))
    result = conjugate_gradient(A, torch.randn(43, generator=seeded(0), dtype=torch.float64), rtol=1e-10)
    assert (result.steps, result.reason) == (3, "converged")


def test_an_exact_preconditioner_needs_one_step_and_a_good_one_fewer():
    spectrum = torch.cat([torch.logspace(1, 5, 10), torch.full((110,), 1e-3)])
    A, damping = with_spectrum(spectrum), 1e-2
    b = torch.randn(120, generator=seeded(3), dtype=torch.float64)
    damped = A.damped(damping)
    eigenvalues, eigenvectors = torch.linalg.eigh(A.matrix)
    exact = low_rank_inverse(eigenvectors * eigenvalues.clamp(min=0).sqrt(), damping)
    assert conjugate_gradient(damped, b, rtol=1e-8, preconditioner=exact).steps == 1
    plain = conjugate_gradient(damped, b, rtol=1e-8, max_steps=500)
    approximate = nystrom(A, 20, generator=seeded(4)).preconditioner(damping)
    helped = conjugate_gradient(damped, b, rtol=1e-8, preconditioner=approximate)
    assert helped.reason == plain.reason == "converged"
    # Eleven distinct eigenvalues take eleven steps; what rounding adds depends on the number of threads.
    assert helped.steps <= 5 < 11 <= plain.steps


@given(seed=st.integers(0, 2**31), size=st.integers(2, 12))
@settings(max_examples=40)
def test_negative_curvature_is_found_and_shown(seed, size):
    spectrum = torch.linspace(1, 3, size)
    spectrum[0] = -1.0
    A = with_spectrum(spectrum, seed=seed)
    b = torch.randn(size, generator=seeded(seed), dtype=torch.float64)
    result = conjugate_gradient(A, b, rtol=1e-12, max_steps=5 * size)
    assert result.reason == "negative_curvature"
    p = result.direction
    assert float(p @ (A @ p)) < 0
    assert result.curvature == pytest.approx(float(p @ (A @ p) / (p @ p)), rel=1e-9)
    # The steps before it are those on a subspace where A is positive definite: they only descend.
    x = result.solution
    assert float(x @ (A @ x) / 2 - b @ x) <= 1e-12


def test_a_flat_direction_is_no_curvature_either():
    A = DenseOperator(torch.diag(torch.tensor([1.0, 0.0], dtype=torch.float64)))
    result = conjugate_gradient(A, torch.tensor([0.0, 1.0], dtype=torch.float64))
    assert (result.reason, result.steps) == ("negative_curvature", 0)
    assert torch.equal(result.solution, torch.zeros(2, dtype=torch.float64))
    consistent = conjugate_gradient(A, torch.tensor([2.0, 0.0], dtype=torch.float64))
    assert consistent.solution.tolist() == [2.0, 0.0]


def test_a_residual_that_drifted_is_not_believed():
    A = with_spectrum(torch.logspace(0, 6, 60), dtype=torch.float32)
    b = torch.randn(60, generator=seeded(5))
    result = conjugate_gradient(A, b, rtol=1e-6, max_steps=2000)
    true = float((b.double() - A.matrix.double() @ result.solution.double()).norm() / b.double().norm())
    assert result.reason == "max_steps" or true <= 1e-5


def test_zero_steps_zero_right_hand_sides_and_tolerances():
    A = Counted(with_spectrum(torch.tensor([1.0, 2.0])))
    b = torch.tensor([1.0, 1.0], dtype=torch.float64)
    none = conjugate_gradient(A, b, max_steps=0)
    assert (none.steps, none.reason, none.residual_norm) == (0, "max_steps", pytest.approx(math.sqrt(2)))
    zero = conjugate_gradient(A, 0 * b)
    assert (zero.steps, zero.reason, zero.solution.tolist()) == (0, "converged", [0.0, 0.0])
    loose = conjugate_gradient(A, b, atol=2.0)
    assert (loose.steps, loose.reason) == (0, "converged")
    solved = torch.linalg.solve(A.inner.matrix, b)
    assert conjugate_gradient(A, b, x0=solved, rtol=1e-10).steps == 0


@pytest.mark.parametrize("good", [0, 1, 3])
def test_a_product_that_is_not_finite_ends_it_with_a_finite_solution(good):
    result = conjugate_gradient(NotFinite(8, good), torch.ones(8, dtype=torch.float64), rtol=1e-14)
    assert (result.reason, result.steps) == ("not_finite", good)
    assert bool(torch.isfinite(result.solution).all())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"b": torch.ones(3)}, ValueError, r"b must have shape \(2,\), got \(3,\)"),
        ({"b": torch.tensor([1.0, math.nan])}, ValueError, "b must be finite"),
        ({"b": torch.ones(2).double()}, TypeError, "b must have dtype torch.float32, got torch.float64"),
        ({"x0": torch.ones(1)}, ValueError, r"x0 must have shape \(2,\), got \(1,\)"),
        ({"rtol": -1.0}, ValueError, "rtol must be finite and not negative, got -1"),
        ({"atol": math.inf}, ValueError, "atol must be finite and not negative, got inf"),
        ({"max_steps": -1}, ValueError, "max_steps must be at least 0, got -1"),
        ({"A": DenseOperator(torch.ones(2, 3))}, ValueError, r"A must be square, got shape \(2, 3\)"),
        (
            {"preconditioner": DenseOperator(torch.eye(3))},
            ValueError,
            r"preconditioner must have shape \(2, 2\), got \(3, 3\)",
        ),
        (
            {"preconditioner": DenseOperator(-torch.eye(2))},
            ValueError,
            "preconditioner must be positive definite, got rᵀMr = -2",
        ),
    ],
)
def test_what_cannot_be_solved_is_refused(monkeypatch, arguments, error, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    usual = {"A": DenseOperator(torch.eye(2) * 2), "b": torch.ones(2)}
    with pytest.raises(error, match=message):
        conjugate_gradient(**usual | arguments)


def test_a_caller_may_stop_it_and_sees_the_model_fall():
    A = with_spectrum(torch.logspace(0, 2, 20))
    b = torch.randn(20, generator=seeded(0), dtype=torch.float64)
    x0 = torch.randn(20, generator=seeded(1), dtype=torch.float64)
    seen = []

    def stop(step, x, value):
        torch.testing.assert_close(torch.tensor(value, dtype=x.dtype), x @ (A @ x) / 2 - b @ x)
        seen.append((step, value))
        return step == 4

    counted = Counted(A)
    result = conjugate_gradient(counted, b, x0=x0, stop=stop)
    assert (result.reason, result.steps, counted.columns) == ("stopped", 4, 5)
    assert [step for step, _ in seen] == [1, 2, 3, 4]
    assert [value for _, value in seen] == sorted((value for _, value in seen), reverse=True)
    plain = conjugate_gradient(A, b, x0=x0, max_steps=4)
    assert torch.equal(result.solution, plain.solution)
    assert result.residual_norm == pytest.approx(float((b - A @ result.solution).norm()))
