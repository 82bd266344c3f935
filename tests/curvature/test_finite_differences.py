import pytest
import torch
from smooth_network import smooth_problem
from torch import nn

from hnrc_lib.curvature import central_difference_errors


def generator():
    return torch.Generator().manual_seed(0)


def test_on_a_smooth_loss_the_error_falls_with_the_square_of_the_step_then_rounding_takes_over():
    steps = torch.tensor([1e-2, 1e-3, 1e-5, 1e-11], dtype=torch.float64)
    errors = central_difference_errors(*smooth_problem(), steps, generator=generator())
    assert float(errors[0] / errors[1]) == pytest.approx(100, rel=0.05)
    assert errors[2] < 1e-8
    assert errors[3] > 1e3 * errors[2]


def test_a_quadratic_has_no_error_but_rounding():
    matrix = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
    params = {"x": torch.ones(2, dtype=torch.float64)}
    steps = torch.tensor([1.0, 1e-2], dtype=torch.float64)
    errors = central_difference_errors(lambda p: p["x"] @ matrix @ p["x"], params, steps)
    assert errors.max() < 1e-13


def test_through_relu_the_differences_are_wrong_while_the_product_is_right():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1)).double()
    inputs = torch.randn(200, 8, dtype=torch.float64)

    def loss(params):
        return torch.func.functional_call(model, params, (inputs,)).tanh().mean()

    params = {name: value.detach() for name, value in model.named_parameters()}
    steps = torch.tensor([1e-1, 1e-2], dtype=torch.float64)
    errors = central_difference_errors(loss, params, steps, generator=generator())
    assert errors.min() > 0.1
    tiny = central_difference_errors(loss, params, torch.tensor([1e-6]).double(), generator=generator())
    assert tiny.max() < 1e-4
