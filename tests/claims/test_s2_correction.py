import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.claims.s2_correction import (
    curvature_penalty_gradient,
    diagonal_correction,
    printed_correction,
    resting_point,
)

POINT = torch.tensor([0.4, -0.8, 1.3], dtype=torch.float64)


def loss(x):
    return torch.sin(x).prod() + (x**4).sum() / 4


@pytest.mark.parametrize("size", [2, 5])
def test_as_printed_it_has_n_squared_entries(size):
    generator = torch.Generator().manual_seed(0)
    g, H = torch.randn(size, generator=generator), torch.randn(size, size, generator=generator)
    corrected = printed_correction(g, H)
    assert corrected.shape == (size, size)
    for i in range(size):
        for j in range(size):
            assert float(corrected[i, j]) == pytest.approx(float(g[j] + H[i, j] ** 2))


@given(h=st.floats(1, 3), start=st.floats(-5, 5))
@settings(deadline=None, max_examples=20)
def test_on_a_parabola_the_diagonal_variant_rests_at_minus_h(h, start):
    curvature = torch.tensor([h], dtype=torch.float64)
    rest = resting_point(
        lambda x: diagonal_correction(curvature * x, curvature),
        torch.tensor([start], dtype=torch.float64),
        rate=0.4,
        num_steps=60,
    )
    assert rest.item() == pytest.approx(-h, abs=1e-9)
    assert h * rest.item() ** 2 / 2 == pytest.approx(h**3 / 2)  # the loss there, 0 at the minimum


def test_the_gradient_itself_rests_at_the_minimum():
    rest = resting_point(lambda x: 2.0 * x, torch.ones(1), rate=0.25, num_steps=100)
    assert rest.item() == pytest.approx(0.0, abs=1e-9)


def test_its_direction_depends_on_the_units_of_the_loss():
    g, diagonal = torch.tensor([1.0, -3.0]), torch.tensor([2.0, 1.0])
    small, large = (diagonal_correction(c * g, c * diagonal) for c in (0.01, 100.0))
    torch.testing.assert_close(small / 0.01, g, rtol=0.1, atol=0.0)  # nearly the gradient
    assert float(small @ large) / float(small.norm() * large.norm()) < 0.5
    newton = [c * g / (c * diagonal).abs() for c in (0.01, 100.0)]
    torch.testing.assert_close(newton[0], newton[1])


def test_a_penalty_on_the_curvature_has_another_gradient():
    found = curvature_penalty_gradient(loss, POINT)

    def penalised(at):
        return float(loss(at) + (torch.func.hessian(loss)(at) ** 2).sum() / 2)

    step = 1e-5 * torch.eye(3, dtype=torch.float64)
    differences = torch.tensor([(penalised(POINT + e) - penalised(POINT - e)) / 2e-5 for e in step])
    torch.testing.assert_close(found, differences.double(), rtol=1e-6, atol=1e-6)
    H = torch.func.hessian(loss)(POINT)
    printed = diagonal_correction(torch.func.grad(loss)(POINT), H.diagonal())
    assert float((found - printed).norm() / found.norm()) > 0.1


def test_the_entries_of_the_printed_term_sum_to_twice_the_value_of_that_penalty():
    H = torch.func.hessian(loss)(POINT)
    total = printed_correction(torch.zeros(3, dtype=torch.float64), H).sum()
    assert float(total) == pytest.approx(float(torch.linalg.matrix_norm(H)) ** 2)
