import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim import damped_newton_step

SADDLE = torch.diag(torch.tensor([3.0, -1.0], dtype=torch.float64))
SLOPE = torch.tensor([3.0, 2.0], dtype=torch.float64)


@pytest.fixture
def without_annotations(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def symmetric(seed, size):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(size, size, generator=generator, dtype=torch.float64)
    return a + a.mT, torch.randn(size, generator=generator, dtype=torch.float64)


@given(
    seed=st.integers(0, 2**31),
    size=st.integers(1, 8),
    margin=st.floats(1e-3, 10),
    learning_rate=st.floats(0.1, 2),
)
@settings(deadline=None)
def test_equals_a_dense_solve_where_positive_definite(seed, size, margin, learning_rate):
    H, g = symmetric(seed, size)
    eigenvalues = torch.linalg.eigvalsh(H)
    damping = max(0.0, -float(eigenvalues[0])) + margin
    found = damped_newton_step(H, g, damping, learning_rate=learning_rate)
    damped = H + damping * torch.eye(size, dtype=torch.float64)
    expected = -learning_rate * torch.linalg.solve(damped, g)
    assert found.positive_definite
    assert found.reason is None
    assert found.damping == damping
    torch.testing.assert_close(found.step, expected, rtol=1e-8, atol=1e-10)
    assert found.smallest_eigenvalue == pytest.approx(float(eigenvalues[0]) + damping, rel=1e-6)
    assert found.condition_number == pytest.approx(float(torch.linalg.cond(damped)), rel=1e-6)
    assert float(g @ found.step) < 0


@given(seed=st.integers(0, 2**31), size=st.integers(2, 8), damping=st.floats(0, 1))
@settings(deadline=None)
def test_positive_definite_says_what_the_eigenvalues_say(seed, size, damping):
    H, g = symmetric(seed, size)
    smallest = float(torch.linalg.eigvalsh(H)[0])
    assert damped_newton_step(H, g, damping).positive_definite == (smallest + damping > 0)


def test_without_damping_one_step_solves_a_quadratic():
    H, g = symmetric(1, 5)
    H = H @ H + torch.eye(5, dtype=torch.float64)
    x = torch.ones(5, dtype=torch.float64)
    minimiser = x + damped_newton_step(H, H @ x - g, 0.0).step
    torch.testing.assert_close(minimiser, torch.linalg.solve(H, g), rtol=1e-10, atol=1e-10)


def test_small_damping_tends_to_newton_at_first_order():
    H, g = symmetric(1, 5)
    H = H @ H + torch.eye(5, dtype=torch.float64)
    newton = -torch.linalg.solve(H, g)
    errors = [float((damped_newton_step(H, g, d).step - newton).norm()) for d in (1e-2, 1e-4)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.05)


def test_large_damping_with_a_matching_rate_tends_to_gradient_descent():
    H, g = symmetric(2, 5)
    alpha = 0.3
    errors = [
        float((damped_newton_step(H, g, d, learning_rate=d * alpha).step + alpha * g).norm())
        for d in (1e3, 1e5)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.05)
    assert errors[1] < 1e-3


def test_the_reduction_is_that_of_the_loss_without_the_damping():
    H, g = torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([4.0], dtype=torch.float64)
    found = damped_newton_step(H, g, 2.0)
    assert found.step.item() == -1.0
    assert found.predicted_reduction == 3.0  # from x² at 2 to x² at 1


def test_refuse_leaves_the_parameters_alone():
    found = damped_newton_step(SADDLE, SLOPE, 0.5)
    assert found.step.tolist() == [0.0, 0.0]
    assert (found.positive_definite, found.damping, found.predicted_reduction) == (False, 0.5, 0.0)
    assert found.smallest_eigenvalue == -0.5
    assert found.condition_number == 7.0
    assert found.reason == "H + λI is not positive definite at λ = 0.5: no step"


def test_raised_damping_is_the_first_of_its_doublings_that_works():
    found = damped_newton_step(SADDLE, SLOPE, 0.3, not_positive_definite="raise_damping")
    assert found.damping == 1.2  # 0.6 fails, 1.2 exceeds the negative eigenvalue
    assert not found.positive_definite
    torch.testing.assert_close(found.step, -SLOPE / (SADDLE.diag() + 1.2))
    assert found.reason is not None
    assert found.reason.endswith("raised to 1.2")
    from_zero = damped_newton_step(SADDLE, SLOPE, 0.0, not_positive_definite="raise_damping")
    assert from_zero.damping == pytest.approx(1e-3 * math.sqrt(10) * 2**9)


def test_absolute_eigenvalues_walk_away_from_the_saddle():
    found = damped_newton_step(SADDLE, SLOPE, 0.5, not_positive_definite="absolute_eigenvalues")
    torch.testing.assert_close(found.step, -SLOPE / (SADDLE.diag().abs() + 0.5))
    assert found.condition_number == pytest.approx(3.5 / 1.5)
    newton = -SLOPE / SADDLE.diag()
    assert newton[1] > 0 > found.step[1]
    assert found.predicted_reduction > 0


@pytest.mark.parametrize("rule", ["refuse", "raise_damping", "absolute_eigenvalues"])
def test_a_singular_hessian_never_gives_a_step_made_of_rounding(rule):
    direction = torch.linspace(1, 2, 6, dtype=torch.float64)
    H = 1e3 * direction.outer(direction)
    g = torch.ones(6, dtype=torch.float64)
    found = damped_newton_step(H, g, 0.0, not_positive_definite=rule)
    assert not found.positive_definite
    assert torch.isfinite(found.step).all()
    assert float(found.step.norm()) <= (1.0 if rule == "raise_damping" else 0.0)


def test_a_flat_loss_is_followed_down_its_slope():
    found = damped_newton_step(torch.zeros(2, 2), torch.ones(2), 0.0, not_positive_definite="raise_damping")
    assert found.damping == 1e-3
    assert found.step.tolist() == pytest.approx([-1000.0, -1000.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hessian": torch.zeros(2, 3)}, r"hessian must be square, got shape \(2, 3\)"),
        ({"gradient": torch.zeros(3)}, r"gradient must have shape \(2,\), got \(3,\)"),
        ({"gradient": torch.tensor([math.nan, 0.0])}, "gradient must be finite"),
        ({"hessian": torch.full((2, 2), math.inf)}, "hessian must be finite"),
        ({"hessian": torch.tensor([[1.0, 1.0], [0.0, 1.0]])}, r"hessian must be symmetric, got .* 1.00e\+00"),
        ({"damping": -1.0}, "damping must be finite and at least 0, got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite, got 0"),
        ({"not_positive_definite": "hope"}, "not_positive_definite must be one of .*'refuse'.*got 'hope'"),
    ],
)
def test_what_makes_no_step_is_refused_by_name(without_annotations, arguments, message):
    usual = {"hessian": torch.eye(2), "gradient": torch.ones(2), "damping": 1.0}
    with pytest.raises(ValueError, match=message):
        damped_newton_step(**usual | arguments)
