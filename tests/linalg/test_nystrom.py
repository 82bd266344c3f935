import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, conjugate_gradient, effective_dimension, nystrom
from hnrc_lib.linalg.nystrom import nystrom_of_sketch


@given(
    size=st.integers(1, 25),
    true_rank=st.integers(0, 25),
    seed=st.integers(0, 2**31),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    data=st.data(),
)
@settings(max_examples=60)
def test_it_lies_below_the_matrix_and_is_exact_at_its_rank(size, true_rank, seed, dtype, data):
    rank = data.draw(st.integers(1, size))
    spectrum = torch.rand(size, generator=seeded(seed), dtype=torch.float64)
    spectrum[true_rank:] = 0
    A = Counted(with_spectrum(spectrum, seed=seed, dtype=dtype))
    approximation = nystrom(A, rank, generator=seeded(seed))
    assert A.columns == rank
    dense = approximation.to_dense().double()
    tolerance = 1e-4 if dtype == torch.float32 else 1e-10
    left = A.inner.matrix.double() - dense
    assert float(torch.linalg.eigvalsh(left)[0]) >= -tolerance
    assert float(torch.linalg.eigvalsh(dense)[0]) >= -tolerance
    U = approximation.eigenvectors.double()
    torch.testing.assert_close(U.mT @ U, torch.eye(rank).double(), rtol=0, atol=tolerance)
    if rank >= true_rank and dtype == torch.float64:
        # The test matrix of so small a rank can be nearly orthogonal to the range; then it is only close.
        assert float(left.abs().max()) <= 1e-6
    assert bool((approximation.eigenvalues.diff() <= 0).all())


def test_the_error_is_near_that_of_the_best_approximation():
    spectrum = 10.0 ** -torch.arange(0, 10, 0.1).double()
    A = with_spectrum(spectrum)
    errors = torch.tensor(
        [
            float(torch.linalg.matrix_norm(A.matrix - nystrom(A, 30, generator=seeded(s)).to_dense(), 2))
            for s in range(20)
        ]
    )
    assert float(errors.mean()) <= 10 * float(spectrum[20])


def test_inverse_and_preconditioner_are_the_dense_ones():
    A = with_spectrum(torch.logspace(0, -3, 20))
    approximation, damping = nystrom(A, 6, generator=seeded(0)), 0.05
    identity = torch.eye(20, dtype=torch.float64)
    inverse = torch.linalg.inv(approximation.to_dense() + damping * identity)
    torch.testing.assert_close(approximation.inverse(damping).to_dense(), inverse, rtol=1e-8, atol=1e-10)
    U, kept = approximation.eigenvectors, approximation.eigenvalues
    expected = (U / (kept + damping)) @ U.mT + (identity - U @ U.mT) / (kept[-1] + damping)
    torch.testing.assert_close(approximation.preconditioner(damping).to_dense(), expected)


def test_a_rank_of_twice_the_effective_dimension_bounds_the_condition_number():
    # Frangella, Tropp and Udell (2023), theorem 1.1: with rank 2⌈1.5 d(λ)⌉ + 1 the expectation is below 28.
    spectrum = 10.0 ** -torch.arange(0, 30, 0.1).double()
    A, damping = with_spectrum(spectrum), 1e-3
    rank = 2 * -int(-1.5 * effective_dimension(spectrum, damping) // 1) + 1
    M = nystrom(A, rank, generator=seeded(1)).preconditioner(damping)
    damped = A.damped(damping)
    square_root = torch.linalg.cholesky(M.to_dense())
    conditioned = torch.linalg.eigvalsh(square_root.mT @ damped.to_dense() @ square_root)
    assert float(conditioned[-1] / conditioned[0]) < 28
    b = torch.randn(300, generator=seeded(2), dtype=torch.float64)
    with_it = conjugate_gradient(damped, b, rtol=1e-8, preconditioner=M)
    without = conjugate_gradient(damped, b, rtol=1e-8)
    assert with_it.reason == "converged"
    assert with_it.steps < without.steps / 3
    assert rank < 150


def test_zero_is_approximated_by_zero():
    assert nystrom(DenseOperator(torch.zeros(4, 4)), 2).eigenvalues.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": DenseOperator(torch.ones(2, 3))}, "A must be square"),
        ({"rank": 0}, "rank must be between 1 and 4, got 0"),
        ({"rank": 5}, "rank must be between 1 and 4, got 5"),
        ({"A": NotFinite(4, 0)}, "A @ test must be finite"),
        ({"A": DenseOperator(torch.diag(torch.tensor([1.0, 1.0, 1.0, -0.5]))), "rank": 4}, r"-5.000e-01"),
        ({"A": DenseOperator(torch.ones(4, 4).triu()), "rank": 4}, "A must be symmetric"),
    ],
)
def test_what_is_not_positive_semi_definite_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        nystrom(**{"A": DenseOperator(torch.eye(4)), "rank": 2} | arguments)


def test_the_damping_must_be_positive():
    approximation = nystrom(DenseOperator(torch.eye(4)), 2)
    for method in (approximation.inverse, approximation.preconditioner):
        with pytest.raises(ValueError, match="damping must be positive and finite, got 0"):
            method(0.0)


def test_vectors_of_an_earlier_approximation_serve_as_test_vectors():
    spectrum = 10.0 ** -torch.arange(0, 4, 0.2).double()
    A = with_spectrum(spectrum)
    first = nystrom(A, 4, generator=seeded(0))
    counted = Counted(A)
    again = nystrom(counted, 4, test=7 * first.eigenvectors)  # their lengths do not matter
    for _ in range(3):
        again = nystrom(A, 4, test=again.eigenvectors)
    assert counted.columns == 4
    best = spectrum[:4]
    assert float((again.eigenvalues - best).abs().max()) < 1e-3
    assert float((again.eigenvalues - best).norm()) < float((first.eigenvalues - best).norm()) / 10
    with pytest.raises(ValueError, match=r"test must have shape \(20, 3\), got \(20, 4\)"):
        nystrom(A, 3, test=first.eigenvectors)


def test_a_sketch_that_is_there_costs_no_product():
    A = with_spectrum(torch.linspace(0, 3, 8))
    chosen = torch.linalg.qr(torch.randn(8, 3, generator=seeded(0), dtype=torch.float64))[0]
    found = nystrom_of_sketch(chosen, A @ chosen)
    image = A @ chosen
    wanted = image @ torch.linalg.inv(chosen.mT @ image) @ image.mT
    torch.testing.assert_close(found.to_dense(), wanted)
