import jaxtyping
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.landscape import count_minima, grid_curvatures

NUMBERS = st.floats(-5, 5)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.integers(3, 6), st.integers(3, 6))
def test_a_quadratic_has_its_own_eigenvalues_everywhere(a, b, c, slope, rows, columns):
    x = torch.linspace(-1, 2, rows, dtype=torch.float64)
    y = torch.linspace(0, 1, columns, dtype=torch.float64)
    values = 0.5 * (a * x[:, None] ** 2 + 2 * b * x[:, None] * y + c * y**2) + slope * x[:, None] + 3
    expected = torch.linalg.eigvalsh(torch.tensor([[a, b], [b, c]], dtype=torch.float64))
    least, greatest = grid_curvatures(values, x, y)
    assert least.shape == (rows - 2, columns - 2)
    torch.testing.assert_close(least, expected[0].expand_as(least), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(greatest, expected[1].expand_as(least), atol=1e-9, rtol=1e-9)


def test_a_kink_between_grid_points_counts():
    axis = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    least, greatest = grid_curvatures(-axis.abs()[:, None].expand(3, 3), axis, axis)
    assert (least.item(), greatest.item()) == (-2, 0)


def test_minima_are_those_that_a_loop_finds():
    values = torch.rand(9, 7, generator=torch.Generator().manual_seed(0))
    found = 0
    for i in range(1, 8):
        for j in range(1, 6):
            around = values[i - 1 : i + 2, j - 1 : j + 2].flatten().tolist()
            found += all(values[i, j].item() < other for k, other in enumerate(around) if k != 4)
    assert found > 1
    assert count_minima(values) == found


def test_a_plain_floor_is_no_hollow():
    assert count_minima(torch.zeros(4, 4)) == 0


def test_what_has_no_inner_point_is_refused():
    axis = torch.zeros(2)
    with pytest.raises(ValueError, match="alpha and beta must have at least three points, got 2 and 2"):
        grid_curvatures(torch.zeros(2, 2), axis, axis)
    with pytest.raises(ValueError, match=r"values must have at least 3 × 3 points, got \(2, 5\)"):
        count_minima(torch.zeros(2, 5))


def test_values_of_another_shape_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"values must have shape \(3, 4\), got \(4, 3\)"):
        grid_curvatures(torch.zeros(4, 3), torch.arange(3.0), torch.arange(4.0))
