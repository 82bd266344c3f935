import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.linalg import DenseOperator, IdentityOperator, LinearOperator
from hnrc_lib.linalg.operators import require_room


def matrices(rows, columns, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, columns, generator=generator, dtype=dtype) for _ in range(2)]


@given(
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    width=st.integers(1, 5),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    scalar=st.floats(-5, 5),
)
@settings(deadline=None)
def test_sums_and_multiples_multiply_like_their_matrices(rows, columns, width, dtype, scalar):
    a, b = matrices(rows, columns, dtype)
    block = torch.ones(columns, width, dtype=dtype)
    combined = scalar * DenseOperator(a) + DenseOperator(b) * 2
    expected = (scalar * a + 2 * b) @ block
    torch.testing.assert_close(combined @ block, expected)
    torch.testing.assert_close(combined @ block[:, 0], expected[:, 0])
    assert combined.shape == (rows, columns)


@given(size=st.integers(1, 6), damping=st.floats(-2, 2))
@settings(deadline=None)
def test_damping_shifts_every_eigenvalue(size, damping):
    a = matrices(size, size)[0]
    symmetric = a + a.mT
    shifted = torch.linalg.eigvalsh(DenseOperator(symmetric).damped(damping).to_dense())
    torch.testing.assert_close(shifted, torch.linalg.eigvalsh(symmetric) + damping)


@pytest.mark.parametrize("chunk_size", [1, 2, 64])
def test_to_dense_multiplies_unit_vectors(chunk_size):
    class Doubled(LinearOperator):
        def _matmat(self, block):
            return 2 * block[:3]

    operator = Doubled((3, 5), torch.float64, torch.device("cpu"))
    assert torch.equal(operator.to_dense(chunk_size=chunk_size), 2 * torch.eye(5, dtype=torch.float64)[:3])


def test_scipy_sees_the_same_matrix():
    a = matrices(4, 4)[0]
    wrapped = DenseOperator(a).to_scipy()
    np.testing.assert_allclose(wrapped @ np.eye(4), a.numpy(), rtol=1e-15)
    np.testing.assert_allclose(wrapped.matvec(np.ones((4, 1))).ravel(), a.numpy().sum(1), rtol=1e-12)
    assert wrapped.dtype == np.float64


def test_operators_that_differ_are_not_added():
    small, large = (IdentityOperator(n, torch.float32, torch.device("cpu")) for n in (2, 3))
    with pytest.raises(ValueError, match=r"must agree: expected shape \(2, 2\).*got shape \(3, 3\)"):
        small + large
    with pytest.raises(ValueError, match="scalar must be finite, got nan"):
        float("nan") * small
    with pytest.raises(ValueError, match=r"damping needs a square operator, got shape \(2, 3\)"):
        DenseOperator(torch.zeros(2, 3)).damped(1.0)


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        (torch.zeros(3), ValueError, r"vector must have shape \(2,\) or \(2, k\), got \(3,\)"),
        (torch.zeros(2, 1, 1), ValueError, r"got \(2, 1, 1\)"),
        (torch.zeros(2).double(), TypeError, r"vector must have dtype torch.float32, got torch.float64"),
        (torch.zeros(2, dtype=torch.int64), TypeError, r"got torch.int64"),
        (torch.zeros(2, device="meta"), ValueError, "vector must lie on cpu, got meta"),
        ({"w": torch.zeros(2)}, TypeError, r"vector must be a tensor of shape \(2,\) or \(2, k\), got dict"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vector, error, message):
    with pytest.raises(error, match=message):
        DenseOperator(torch.eye(2)) @ vector
    if isinstance(vector, dict):
        with pytest.raises(error, match=message):
            DenseOperator(torch.eye(2)).damped(1.0) @ vector


def test_the_size_is_said_before_anything_is_made():
    identity = IdentityOperator(100_000, torch.float32, torch.device("cpu"))
    with pytest.raises(MemoryError, match=r"takes 40.00 GB, max_bytes allows 4.29 GB"):
        identity.to_dense()
    require_room((10, 10), torch.float64, 800)
    with pytest.raises(MemoryError, match="10 × 10"):
        require_room((10, 10), torch.float64, 799)
