import math

import pytest
import torch

from hnrc_lib.optim import gain_ratio, predicted_reduction


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
    H, g = torch.autograd.functional.hessian(loss, x), torch.func.grad(loss)(x)
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
