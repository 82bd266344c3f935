import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, top_eigenpairs

REPEATED = torch.cat(
    [torch.tensor([0.5227] * 3 + [0.5, 0.48, 0.48, -0.51, -0.51, -0.3]), torch.linspace(-0.2, 0.3, 191)]
).double()


def extreme(eigenvalues, k, which):
    ascending = eigenvalues.sort().values
    if which == "both":
        return torch.cat([ascending.flip(0)[:k], ascending[:k]])
    if which == "magnitude":
        return eigenvalues[eigenvalues.abs().argsort(descending=True)[:k]]
    return ascending[:k] if which == "smallest" else ascending.flip(0)[:k]


def check(A, result, expected, rtol):
    """Values, residuals from the operator itself, and orthonormality."""
    U, scale = result.eigenvectors.double(), float(expected.abs().max())
    single = A.dtype == torch.float32
    assert result.converged
    torch.testing.assert_close(result.eigenvalues.double(), expected, rtol=0, atol=rtol * scale)
    true = (A.matrix.double() @ U - U * result.eigenvalues.double()).norm(dim=0)
    floor = torch.finfo(A.dtype).eps ** (2 / 3) * scale
    assert bool(
        (true <= 1.01 * (rtol * expected.abs()).clamp(min=floor) + (1e-5 if single else 1e-12) * scale).all()
    )
    torch.testing.assert_close(
        true, result.residuals.double(), rtol=0.05, atol=(1e-5 if single else 1e-12) * scale
    )
    identity = torch.eye(U.shape[1]).double()
    torch.testing.assert_close(U.mT @ U, identity, rtol=0, atol=1e-5 if single else 1e-12)


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude", "both"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", range(2))
def test_repeated_eigenvalues_come_as_often_as_they_are_there(which, dtype, seed):
    A = with_spectrum(REPEATED, seed=seed, dtype=dtype)
    result = top_eigenpairs(A, 5, which=which, generator=seeded(seed))
    check(A, result, extreme(REPEATED, 5, which), 1e-3)


def test_without_the_second_search_a_repeated_eigenvalue_comes_once():
    A = with_spectrum(REPEATED)
    result = top_eigenpairs(A, 3, rtol=1e-6, missed_probability=None, generator=seeded(0))
    assert result.eigenvalues.tolist() == pytest.approx([0.5227, 0.5, 0.48], abs=1e-5)


@given(
    size=st.integers(1, 40),
    seed=st.integers(0, 2**31),
    which=st.sampled_from(["largest", "smallest", "magnitude", "both"]),
    levels=st.integers(1, 40),
    data=st.data(),
)
@settings(max_examples=40)
def test_any_spectrum_of_a_small_matrix(size, seed, which, levels, data):
    if which == "both" and size == 1:
        which = "largest"
    k = data.draw(st.integers(1, size // 2 if which == "both" else size))
    generator = seeded(seed)
    spectrum = torch.randint(-levels, levels + 1, (size,), generator=generator).double()
    A = with_spectrum(spectrum, seed=seed)
    result = top_eigenpairs(
        A, k, which=which, rtol=1e-8, atol=1e-9, missed_probability=1e-9, generator=generator
    )
    found, expected = result.eigenvalues, extreme(spectrum, k, which)
    if which == "magnitude":  # a tie between +h and −h is broken by rounding
        found, expected = found.abs(), expected.abs()
    assert result.converged
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("which", ["largest", "both"])
def test_restarts_with_a_small_basis_reach_the_same_pairs(which):
    spectrum = torch.cat([torch.linspace(0, 1, 500), torch.tensor([1.02, 1.05, 1.05, -0.1, -0.2])]).double()
    A = with_spectrum(spectrum)
    result = top_eigenpairs(A, 3, which=which, rtol=1e-5, max_basis=26, generator=seeded(1))
    assert result.num_products > 52
    check(A, result, extreme(spectrum, 3, which), 1e-5)


def test_an_indefinite_spectrum_with_many_zeros():
    spectrum = torch.cat([torch.tensor([3.0, 3.0, -3.0, 2.0]), torch.zeros(96)]).double()
    A = with_spectrum(spectrum)
    assert sorted(top_eigenpairs(A, 3, which="magnitude", generator=seeded(0)).eigenvalues.tolist()) == (
        pytest.approx([-3.0, 3.0, 3.0], abs=1e-6)
    )
    largest = top_eigenpairs(A, 6, generator=seeded(0))
    assert largest.eigenvalues.tolist() == pytest.approx([3.0, 3.0, 2.0, 0.0, 0.0, 0.0], abs=1e-6)
    assert top_eigenpairs(DenseOperator(torch.zeros(5, 5)), 2).eigenvalues.tolist() == [0.0, 0.0]


def test_products_are_counted_and_limited():
    A = Counted(with_spectrum(torch.linspace(0, 1, 400)))
    stopped = top_eigenpairs(A, 4, rtol=1e-10, max_products=30, generator=seeded(0))
    assert (stopped.num_products, A.columns, stopped.converged) == (30, 30, False)
    assert float(stopped.residuals.max()) > 1e-10
    early = top_eigenpairs(A, 4, max_products=2, generator=seeded(0))
    assert not early.converged


def test_a_single_extreme_eigenvalue_needs_no_second_search():
    A = with_spectrum(torch.cat([torch.linspace(-1, 1, 99), torch.tensor([4.0, 4.0])]))
    once, checked = (
        top_eigenpairs(A, 1, missed_probability=c, generator=seeded(0)).num_products for c in (None, 0.01)
    )
    assert once == checked


def test_the_second_search_costs_less_than_the_first_when_the_end_is_isolated():
    spectrum = torch.cat([torch.linspace(-1, 1, 990), torch.linspace(4, 6, 10)])
    once, checked = (
        top_eigenpairs(with_spectrum(spectrum), 5, missed_probability=c, generator=seeded(0)).num_products
        for c in (None, 0.01)
    )
    assert once < checked < 2.5 * once


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": DenseOperator(torch.ones(2, 3))}, r"A must be square, got shape \(2, 3\)"),
        ({"k": 0}, "k must be between 1 and 6, got 0"),
        ({"k": 7}, "k must be between 1 and 6, got 7"),
        ({"k": 4, "which": "both"}, "k must be between 1 and 3, got 4"),
        ({"which": "LM"}, r"which must be one of \['largest', 'smallest', 'magnitude', 'both'\], got 'LM'"),
        ({"rtol": -1.0}, "rtol must not be negative, got -1"),
        ({"atol": math.nan}, "atol must not be negative, got nan"),
        ({"missed_probability": 1.5}, "missed_probability must be between 0 and 1, got 1.5"),
        ({"max_products": 0}, "max_products must be at least 1, got 0"),
        ({"max_basis": 3}, "max_basis must be at least 6, got 3"),
        ({"A": DenseOperator(torch.full((6, 6), math.nan))}, r"A @ v \(product 1\) must be finite"),
        ({"A": DenseOperator(torch.ones(6, 6).triu())}, "A must be symmetric"),
    ],
)
def test_what_has_no_eigenpairs_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    usual = {"A": DenseOperator(torch.eye(6)), "k": 2, "generator": seeded(0)}
    with pytest.raises((ValueError, TypeError), match=message):
        top_eigenpairs(**usual | arguments)


def test_a_later_product_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match=r"A @ v \(product 4\) must be finite"):
        top_eigenpairs(NotFinite(20, 3), 2)
