import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, hutchinson_trace


@given(size=st.integers(1, 20), seed=st.integers(0, 2**31), chunk_size=st.integers(1, 7))
@settings(max_examples=40)
def test_a_diagonal_is_exact_and_chunks_change_nothing(size, seed, chunk_size):
    diagonal = torch.randn(size, generator=seeded(seed), dtype=torch.float64)
    A = Counted(DenseOperator(torch.diag(diagonal)))
    estimate = hutchinson_trace(A, 5, chunk_size=chunk_size, generator=seeded(seed))
    assert estimate.value == pytest.approx(float(diagonal.sum()), abs=1e-12)
    assert estimate.standard_error == pytest.approx(0.0, abs=1e-12)
    assert A.columns == estimate.num_matvecs == 5


def test_the_average_over_all_signs_is_the_trace_and_the_variance_the_stated_one():
    A = with_spectrum(torch.tensor([3.0, -1.0, 2.0, 0.5]))
    values = torch.tensor([hutchinson_trace(A, 1, generator=seeded(s)).value for s in range(4000)])
    off_diagonal = A.matrix - torch.diag(A.matrix.diagonal())
    variance = 2 * float((off_diagonal**2).sum())
    assert float(values.mean()) == pytest.approx(4.5, abs=4 * math.sqrt(variance / 4000))
    assert float(values.var()) == pytest.approx(variance, rel=0.15)


def test_two_standard_errors_cover_the_truth_as_often_as_they_should():
    A = with_spectrum(torch.logspace(-3, 1, 60))
    truth = float(A.matrix.trace())
    estimates = [hutchinson_trace(A, 30, generator=seeded(s)) for s in range(400)]
    covered = sum(abs(e.value - truth) <= 2 * e.standard_error for e in estimates) / 400
    # Student's t with 29 degrees of freedom puts 94.5 % within two; four binomial deviations around it.
    assert 0.90 <= covered <= 0.985
    scatter = torch.tensor([e.value for e in estimates]).std()
    claimed = torch.tensor([e.standard_error for e in estimates]).mean()
    assert float(claimed) == pytest.approx(float(scatter), rel=0.12)


def test_one_probe_tells_nothing_of_its_error():
    assert math.isnan(hutchinson_trace(with_spectrum(torch.ones(3)), 1).standard_error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": DenseOperator(torch.ones(2, 3))}, "A must be square"),
        ({"num_matvecs": 0}, "num_matvecs must be at least 1, got 0"),
        ({"chunk_size": 0}, "chunk_size must be at least 1, got 0"),
        ({"A": NotFinite(3, 0)}, "A @ probes must be finite"),
    ],
)
def test_bad_input_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        hutchinson_trace(**{"A": DenseOperator(torch.eye(3)), "num_matvecs": 4} | arguments)
