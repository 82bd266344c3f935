import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.optim.regularization import L1Proximal, L1Subgradient, regularize, soft_threshold


@given(
    st.lists(st.floats(-10, 10), max_size=8),
    st.floats(0, 5),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_entry_by_entry(values, threshold, dtype):
    x = torch.tensor(values, dtype=dtype)
    z = soft_threshold(x, threshold)
    expected = [math.copysign(max(abs(entry) - threshold, 0.0), entry) for entry in x.tolist()]
    assert z.dtype == dtype
    # A difference of like numbers is off by the rounding of the numbers.
    assert z.tolist() == pytest.approx(expected, abs=10 * torch.finfo(dtype).eps)


@given(st.floats(-5, 5), st.floats(0, 3))
def test_nothing_on_a_grid_is_better(x, threshold):
    def objective(z):
        return (z - x) ** 2 / 2 + threshold * z.abs()

    best = soft_threshold(torch.tensor(x, dtype=torch.float64), threshold)
    assert float(objective(best)) <= float(objective(torch.linspace(-6, 6, 2001).double()).min()) + 1e-12


def test_not_a_number_stays_and_no_threshold_is_refused():
    assert soft_threshold(torch.tensor([math.nan, math.inf]), 1.0).tolist()[1] == math.inf
    assert math.isnan(soft_threshold(torch.tensor([math.nan]), 1.0).item())
    for threshold in (-0.1, math.nan):
        with pytest.raises(ValueError, match="threshold must be at least 0, got"):
            soft_threshold(torch.ones(2), threshold)


def lasso_data():
    generator = torch.Generator().manual_seed(1)
    A = torch.randn(30, 8, generator=generator, dtype=torch.float64)
    truth = torch.tensor([2.0, 0, 0, -1.5, 0, 0.8, 0, 0], dtype=torch.float64)
    return A, A @ truth + 0.1 * torch.randn(30, generator=generator, dtype=torch.float64)


def coordinate_descent(A, b, strength, sweeps=300):
    """Minimiser of ‖Ax − b‖²/(2m) + λ‖x‖₁, one entry after the other."""
    x = torch.zeros(A.shape[1], dtype=A.dtype)
    for _ in range(sweeps):
        for j in range(len(x)):
            rest = b - A @ x + A[:, j] * x[j]
            slope, square = float(A[:, j] @ rest) / len(b), float(A[:, j] @ A[:, j]) / len(b)
            x[j] = math.copysign(max(abs(slope) - strength, 0.0), slope) / square
    return x


def descend(A, b, rule, rate=0.2, steps=200):
    x = torch.nn.Parameter(torch.full((1, A.shape[1]), 0.5, dtype=A.dtype))
    optimizer = torch.optim.SGD([x], lr=rate)
    regularize(optimizer, rule)
    for _ in range(steps):
        optimizer.zero_grad()
        ((A @ x[0] - b).square().mean() / 2).backward()
        optimizer.step()
    return x.detach()[0]


def test_proximal_steps_find_the_lasso_with_its_zeros():
    A, b = lasso_data()
    expected = coordinate_descent(A, b, 0.2)
    found = descend(A, b, L1Proximal(0.2))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert torch.equal(found == 0, expected == 0)
    assert 0 < int((found == 0).sum()) < len(found)


def test_subgradient_steps_come_near_and_never_to_zero():
    A, b = lasso_data()
    expected = coordinate_descent(A, b, 0.2)
    found = descend(A, b, L1Subgradient(0.2), rate=0.01, steps=900)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.01)
    assert int((found == 0).sum()) == 0


def test_an_orthogonal_design_has_a_closed_form():
    generator = torch.Generator().manual_seed(2)
    Q = torch.linalg.qr(torch.randn(12, 5, generator=generator, dtype=torch.float64))[0] * math.sqrt(12)
    b = torch.randn(12, generator=generator, dtype=torch.float64)
    slopes = (Q.T @ b / 12).tolist()
    expected = [math.copysign(max(abs(slope) - 0.1, 0.0), slope) for slope in slopes]
    assert descend(Q, b, L1Proximal(0.1)).tolist() == pytest.approx(expected, abs=1e-10)


def test_a_strength_above_the_greatest_slope_zeroes_all():
    A, b = lasso_data()
    greatest = float((A.T @ b / len(b)).abs().max())
    assert int((descend(A, b, L1Proximal(greatest * 1.01)) == 0).sum()) == A.shape[1]
    assert int((descend(A, b, L1Proximal(greatest * 0.9)) == 0).sum()) < A.shape[1]
