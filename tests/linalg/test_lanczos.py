import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, lanczos


@given(
    size=st.integers(1, 25),
    steps=st.integers(1, 30),
    vectors=st.integers(1, 4),
    seed=st.integers(0, 2**31),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
@settings(max_examples=40)
def test_the_basis_is_orthonormal_and_projects(size, steps, vectors, seed, dtype):
    A = with_spectrum(torch.randn(size, generator=seeded(seed)), seed=seed, dtype=dtype)
    result = lanczos(A, steps, num_vectors=vectors, generator=seeded(seed))
    tolerance = 1e-4 if dtype == torch.float32 else 1e-11
    for T, Q in zip(result.tridiagonals, result.bases, strict=True):
        assert Q.dtype == dtype
        assert Q.shape == (size, len(T.diagonal))
        projected = (Q.mT @ A.matrix @ Q).double()
        torch.testing.assert_close(projected, T.to_dense(), rtol=0, atol=tolerance)
        torch.testing.assert_close(
            (Q.mT @ Q).double(), torch.eye(Q.shape[1]).double(), rtol=0, atol=tolerance
        )
        left = torch.linalg.matrix_norm((A.matrix @ Q).double() - Q.double() @ T.to_dense(), 2)
        assert float(left) == pytest.approx(T.remainder, abs=tolerance)
        values, coordinates, residuals = T.ritz()
        ritz_vectors = Q.double() @ coordinates
        true = (A.matrix.double() @ ritz_vectors - ritz_vectors * values).norm(dim=0)
        torch.testing.assert_close(true, residuals, rtol=1e-3, atol=3 * tolerance)


def test_vectors_run_in_lock_step_and_do_not_touch_each_other():
    A = Counted(with_spectrum(torch.randn(40, generator=seeded(0))))
    starts = torch.randn(40, 3, generator=seeded(1), dtype=torch.float64)
    together = lanczos(A, 12, vectors=starts)
    assert (A.calls, A.columns) == (12, 36)
    for column, T in enumerate(together.tridiagonals):
        alone = lanczos(A.inner, 12, vectors=starts[:, column : column + 1]).tridiagonals[0]
        torch.testing.assert_close(T.to_dense(), alone.to_dense(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_long_runs_bring_no_ghosts(dtype):
    # Without re-orthogonalisation the outlier comes back many times in 150 steps.
    spectrum = torch.cat([torch.linspace(0, 1, 199), torch.tensor([100.0])])
    T = lanczos(with_spectrum(spectrum, dtype=dtype), 150, generator=seeded(0)).tridiagonals[0]
    values = T.ritz()[0]
    assert int((values > 50).sum()) == 1
    assert float(values[-1]) == pytest.approx(100.0, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_invariant_subspace_ends_its_own_run_only(dtype):
    A = DenseOperator(torch.diag(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], dtype=dtype)))
    starts = torch.tensor([[1.0, 1, 0, 0, 0, 0], [1.0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0]], dtype=dtype).mT
    result = lanczos(A, 10, vectors=starts)
    assert [len(T.diagonal) for T in result.tridiagonals] == [2, 6, 3]
    assert [T.remainder for T in result.tridiagonals] == [0.0, 0.0, 0.0]
    expected = ([1.0, 2.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3.0, 4.0, 5.0])
    for T, values in zip(result.tridiagonals, expected, strict=True):
        assert T.ritz()[0].tolist() == pytest.approx(values, rel=1e-5)


def test_a_zero_matrix_and_a_single_row():
    assert lanczos(DenseOperator(torch.zeros(4, 4)), 3).tridiagonals[0].diagonal.tolist() == [0.0]
    assert lanczos(DenseOperator(torch.full((1, 1), -2.0)), 3).tridiagonals[0].diagonal.tolist() == [-2.0]


def test_the_generator_decides():
    A = with_spectrum(torch.linspace(0, 1, 30))
    first, same, other = (lanczos(A, 4, generator=seeded(s)).tridiagonals[0].diagonal for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": DenseOperator(torch.ones(2, 3))}, r"A must be square, got shape \(2, 3\)"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"num_vectors": 0}, "num_vectors must be at least 1, got 0"),
        ({"vectors": torch.ones(3, 2)}, r"vectors must have shape \(5, k\), got \(3, 2\)"),
        ({"vectors": torch.tensor([[math.inf]] * 5)}, "vectors must be finite"),
        ({"vectors": torch.tensor([[1.0, 0.0]] * 5)}, r"vectors must not be zero, got zero columns \[1\]"),
        ({"A": DenseOperator(torch.full((5, 5), math.nan))}, r"A @ vectors \(step 1\) must be finite"),
        ({"A": DenseOperator(torch.ones(5, 5).triu())}, "A must be symmetric"),
    ],
)
def test_what_has_no_tridiagonal_form_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    usual = {"A": DenseOperator(torch.eye(5)), "num_steps": 5, "generator": seeded(0)}
    with pytest.raises(ValueError, match=message):
        lanczos(**usual | arguments)


def test_the_step_that_was_not_finite_is_named():
    with pytest.raises(ValueError, match=r"A @ vectors \(step 3\) must be finite"):
        lanczos(NotFinite(9, 2), 5)
