import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import Counted, NotFinite, seeded, with_spectrum

from hnrc_lib.linalg import DenseOperator, hutch_plus_plus, hutchinson_trace


@given(size=st.integers(1, 30), rank=st.integers(1, 4), seed=st.integers(0, 2**31), m=st.integers(15, 40))
@settings(max_examples=40)
def test_a_low_rank_is_exact_and_no_product_is_wasted(size, rank, seed, m):
    spectrum = torch.zeros(size)
    spectrum[: min(rank, size)] = torch.randn(min(rank, size), generator=seeded(seed))
    A = Counted(with_spectrum(spectrum, seed=seed))
    estimate = hutch_plus_plus(A, m, generator=seeded(seed))
    assert estimate.value == pytest.approx(float(spectrum.double().sum()), abs=1e-9)
    assert A.columns == estimate.num_matvecs <= m


def test_it_beats_plain_probes_where_few_eigenvalues_carry_the_trace():
    spectrum = torch.arange(1, 201).double() ** -2.0
    A, truth = with_spectrum(spectrum), float(spectrum.sum())
    ours, plain = (
        torch.tensor([f(A, 60, generator=seeded(s)).value - truth for s in range(60)]).square().mean().sqrt()
        for f in (hutch_plus_plus, hutchinson_trace)
    )
    assert float(ours) < float(plain) / 10


def test_two_standard_errors_cover_the_truth_as_often_as_they_should():
    spectrum = torch.cat([torch.tensor([30.0, 20.0, 10.0]), torch.linspace(-1, 1, 57)])
    A, truth = with_spectrum(spectrum), float(spectrum.sum())
    estimates = [hutch_plus_plus(A, 60, generator=seeded(s)) for s in range(400)]
    covered = sum(abs(e.value - truth) <= 2 * e.standard_error for e in estimates) / 400
    assert 0.90 <= covered <= 0.985


def test_few_products_leave_the_error_open_and_a_full_sketch_leaves_none():
    A = with_spectrum(torch.linspace(1, 2, 10))
    assert math.isnan(hutch_plus_plus(A, 3, generator=seeded(0)).standard_error)
    full = hutch_plus_plus(A, 33, generator=seeded(0))
    assert (full.standard_error, full.num_matvecs, full.value) == (0.0, 20, pytest.approx(15.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"A": DenseOperator(torch.ones(2, 3))}, "A must be square"),
        ({"num_matvecs": 2}, "num_matvecs must be at least 3, got 2"),
        ({"A": NotFinite(9, 0)}, "A @ sketch must be finite"),
        ({"A": NotFinite(9, 1)}, "A @ basis must be finite"),
        ({"A": NotFinite(9, 2)}, "A @ probes must be finite"),
    ],
)
def test_bad_input_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        hutch_plus_plus(**{"A": DenseOperator(torch.eye(3)), "num_matvecs": 6} | arguments)
