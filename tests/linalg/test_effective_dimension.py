import math

import jaxtyping
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spectra import seeded, with_spectrum

from hnrc_lib.linalg import effective_dimension


@given(size=st.integers(1, 15), seed=st.integers(0, 2**31), log_damping=st.floats(-3, 3))
def test_equals_the_trace_of_the_dense_product(size, seed, log_damping):
    A = with_spectrum(torch.rand(size, generator=seeded(seed)), seed=seed).matrix
    damping = 10.0**log_damping
    dense = torch.linalg.solve(A + damping * torch.eye(size, dtype=torch.float64), A).trace()
    eigenvalues = torch.linalg.eigvalsh(A)
    assert effective_dimension(eigenvalues, damping) == pytest.approx(float(dense), rel=1e-8, abs=1e-10)
    assert effective_dimension(eigenvalues, damping) >= effective_dimension(eigenvalues, 2 * damping)


@pytest.mark.parametrize(
    ("spectrum", "damping", "message"),
    [
        ([1.0], 0.0, "damping must be positive and finite, got 0"),
        ([1.0], math.nan, "damping must be positive and finite, got nan"),
        ([1.0, math.inf], 1.0, "spectrum must be finite"),
        ([1.0, -2.0], 2.0, "damping must exceed 2, the most negative eigenvalue, got 2"),
    ],
)
def test_what_has_no_effective_dimension_is_refused(monkeypatch, spectrum, damping, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        effective_dimension(torch.tensor(spectrum), damping)
    assert effective_dimension(torch.tensor([1.0, -2.0]), 3.0) == pytest.approx(0.25 - 2.0)
