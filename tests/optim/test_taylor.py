import math

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.curvature import flatten
from hnrc_lib.linalg import DenseOperator
from hnrc_lib.optim import gain_ratio, predicted_reduction
from hnrc_lib.optim.taylor import TaylorModel, taylor_model


def test_the_model_of_a_quadratic_is_the_quadratic():
    H = torch.tensor([[2.0, 1.0], [1.0, -3.0]], dtype=torch.float64)
    b, x, s = torch.tensor([[1.0, -1.0], [0.3, 0.7], [-0.4, 2.0]], dtype=torch.float64)

    def loss(at):
        return float(b @ at + at @ H @ at / 2)

    predicted = predicted_reduction(H, b + H @ x, s)
    assert predicted == pytest.approx(loss(x) - loss(x + s), rel=1e-12)


def test_the_error_of_the_model_falls_with_the_cube_of_the_step():
    def loss(at):
        return torch.logsumexp(torch.sin(at) * 2, 0)

    x = torch.tensor([0.2, -0.5, 1.0], dtype=torch.float64)
    direction = torch.tensor([1.0, 0.5, -0.25], dtype=torch.float64)
    H, g = torch.func.hessian(loss)(x), torch.func.grad(loss)(x)
    errors = []
    for length in (1e-2, 1e-3):
        actual = float(loss(x) - loss(x + length * direction))
        errors.append(abs(actual - predicted_reduction(H, g, length * direction)))
    assert math.log10(errors[0] / errors[1]) == pytest.approx(3, abs=0.05)


def test_gain_ratio_compares_and_never_praises_a_broken_loss():
    assert gain_ratio(2.0, 1.5, 0.5) == 1.0
    assert gain_ratio(2.0, 2.5, 0.5) == -1.0
    assert gain_ratio(2.0, math.nan, 0.5) == -math.inf
    assert gain_ratio(2.0, math.inf, 0.5) == -math.inf
    assert gain_ratio(2.0, -math.inf, 0.5) == -math.inf


@pytest.mark.parametrize("predicted", [0.0, -1.0, math.nan])
def test_without_a_promise_there_is_no_ratio(predicted):
    with pytest.raises(ValueError, match="predicted must be positive, got"):
        gain_ratio(1.0, 0.5, predicted)


SMOOTH = {
    "sine": lambda p: torch.sin(2 * p["x"]).sum() + p["y"].exp().prod(),
    "log-sum-exp": lambda p: torch.logsumexp(torch.cat([p["x"], 2 * p["y"]]), 0),
    "quotient": lambda p: 1 / (1 + (p["x"] ** 2).sum() + p["y"][0]),
}


@pytest.mark.parametrize("loss", SMOOTH.values(), ids=SMOOTH)
def test_errors_fall_with_the_square_and_the_cube_of_the_step(loss):
    params = {
        "x": torch.tensor([0.2, -0.5, 1.0], dtype=torch.float64),
        "y": torch.tensor([0.4, 0.7], dtype=torch.float64),
    }
    model = taylor_model(loss, params)
    direction = torch.tensor([1.0, 0.5, -0.25, 0.3, -0.8], dtype=torch.float64)
    lengths = torch.logspace(-2, -3.5, 7, dtype=torch.float64)
    errors = []
    for length in lengths:
        step = length * direction
        after = flatten(params) + step
        true = float(loss({"x": after[:3], "y": after[3:]}))
        errors.append([abs(true - model.first_order(step)), abs(true - model.second_order(step))])
    slopes = np.polyfit(lengths.log10().numpy(), np.log10(errors), 1)[0]
    assert slopes == pytest.approx([2, 3], abs=0.05)


def test_at_a_corner_no_order_helps():
    model = taylor_model(lambda p: torch.relu(p["x"]).sum(), {"x": torch.tensor([0.5], dtype=torch.float64)})
    across = torch.tensor([-2.0], dtype=torch.float64)  # true loss 0
    assert model.first_order(across) == model.second_order(across) == -1.5


@given(seed=st.integers(0, 2**31), size=st.integers(1, 6))
@settings(deadline=None)
def test_matrix_and_operator_give_the_same_model_of_a_quadratic(seed, size):
    generator = torch.Generator().manual_seed(seed)
    a, b, s = (torch.randn(size, size, generator=generator, dtype=torch.float64) for _ in range(3))
    H, g, step = a + a.mT, b[0], s[0]
    exact = 3.0 + float(g @ step) + float(step @ H @ step) / 2
    for operator in (H, DenseOperator(H)):
        model = TaylorModel(3.0, g, operator)
        assert model.second_order(step) == pytest.approx(exact, rel=1e-10, abs=1e-10)
        assert model.predicted_reduction(step) == pytest.approx(3.0 - exact, rel=1e-10, abs=1e-10)
        assert model.order == 2


def test_without_curvature_the_slope_alone_predicts():
    model = TaylorModel(1.0, torch.tensor([2.0, 0.0]))
    step = torch.tensor([-0.25, 3.0])
    assert model.order == 1
    assert (model.first_order(step), model.predicted_reduction(step)) == (0.5, 0.5)
    assert model.actual_reduction(0.75) == 0.25
    assert model.gain_ratio(step, 0.75) == 0.5
    assert model.gain_ratio(step, math.nan) == -math.inf
    with pytest.raises(ValueError, match="predicted must be positive"):
        model.gain_ratio(-step, 0.5)
    with pytest.raises(ValueError, match="operator must be given for a model of second order"):
        model.second_order(step)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (1.0, torch.ones(2), torch.eye(3)),
            r"operator must have shape \(2, 2\) like gradient, got \(3, 3\)",
        ),
        ((1.0, torch.ones(2), DenseOperator(torch.ones(2, 3))), r"operator must have shape .* got \(2, 3\)"),
        ((math.nan, torch.ones(2)), "value must be finite, got nan"),
        ((1.0, torch.tensor([1.0, math.inf])), "gradient must be finite"),
    ],
)
def test_a_model_of_what_does_not_fit_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        TaylorModel(*arguments)
