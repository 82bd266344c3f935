import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.claims.s1_constrained import constrained_step


def problem(seed, size):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(size, size, generator=generator, dtype=torch.float64)
    g, x = torch.randn(2, size, generator=generator, dtype=torch.float64)
    return a @ a.mT + 0.1 * torch.eye(size, dtype=torch.float64), g, x


@given(seed=st.integers(0, 2**31), size=st.integers(1, 6))
@settings(deadline=None)
def test_the_solution_is_newtons_step_times_a_factor_of_the_origin(seed, size):
    H, g, x = problem(seed, size)
    found = constrained_step(H, g, x)
    newton = -torch.linalg.solve(H, g)
    assert found.multiplier == pytest.approx(found.scale, rel=1e-8, abs=1e-10)
    torch.testing.assert_close(found.step, found.scale * newton, rtol=1e-7, atol=1e-9)
    assert float(g @ found.step) == pytest.approx(-float(g @ x), rel=1e-8, abs=1e-10)


@given(seed=st.integers(0, 2**31), size=st.integers(2, 6))
@settings(deadline=None)
def test_no_feasible_step_has_a_smaller_objective(seed, size):
    H, g, x = problem(seed, size)
    step = constrained_step(H, g, x).step
    generator = torch.Generator().manual_seed(seed + 1)
    aside = torch.randn(50, size, generator=generator, dtype=torch.float64)
    aside = aside - (aside @ g).unsqueeze(1) * g / (g @ g)  # keeps gᵀΔ
    others = step + aside
    objective = ((others @ H) * others).sum(1) / 2
    assert bool((objective >= float(step @ H @ step) / 2 - 1e-9).all())


def test_moving_the_origin_changes_the_step_and_not_the_loss():
    H, g, x = problem(1, 3)
    here = constrained_step(H, g, x).step
    moved = constrained_step(H, g, x + 10 * g).step
    assert float((moved - here).norm()) > 1.0


def test_where_the_origin_lies_uphill_the_step_climbs():
    H, g, _ = problem(2, 3)
    found = constrained_step(H, g, -g)  # gᵀx < 0
    assert found.multiplier < 0
    assert float(g @ found.step) > 0


def test_on_the_quadratic_without_a_linear_term_the_claim_passes_by_accident():
    H, _, x = problem(3, 4)
    found = constrained_step(H, H @ x, x)
    assert found.multiplier == pytest.approx(1.0)
    torch.testing.assert_close(found.step, -x)
    shifted = H @ x + torch.ones(4, dtype=torch.float64)  # ½xᵀHx + Σx
    assert abs(constrained_step(H, shifted, x).multiplier - 1) > 1e-2


@pytest.mark.parametrize(
    ("hessian", "gradient", "message"),
    [
        (torch.diag(torch.tensor([1.0, -1.0])), torch.ones(2), "hessian must be positive definite"),
        (torch.eye(2), torch.zeros(2), "gradient must not be zero"),
    ],
)
def test_a_problem_without_a_solution_is_refused(hessian, gradient, message):
    with pytest.raises(ValueError, match=message):
        constrained_step(hessian, gradient, torch.ones(2))
