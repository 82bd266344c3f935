import pytest
import torch

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator
from hnrc_lib.curvature.capture import CapturedMap, CapturedOperator
from hnrc_lib.models import LSTM


def test_tensors_off_the_card_are_refused():
    with pytest.raises(ValueError, match="like must hold tensors on a CUDA card, got one on cpu"):
        CapturedMap(lambda parts: parts, [torch.zeros(2)])
    with pytest.raises(ValueError, match="like must hold at least one tensor, got none"):
        CapturedMap(lambda parts: parts, [])


@pytest.mark.gpu
def test_a_captured_map_is_the_map():
    matrix = torch.randn(5, 5, device="cuda")

    def function(parts):
        return [matrix @ parts[0], 2 * parts[1] + parts[0].sum()]

    like = [torch.zeros(5, device="cuda"), torch.zeros(3, device="cuda")]
    captured = CapturedMap(function, like)
    first, second = ([torch.randn_like(x) for x in like] for _ in range(2))
    of_first, of_second = captured(first), captured(second)
    for found, given in ((of_first, first), (of_second, second)):
        for one, other in zip(found, function(given), strict=True):
            torch.testing.assert_close(one, other)


def test_operators_that_cannot_be_captured_are_refused():
    params = {"x": torch.ones(2)}
    with pytest.raises(ValueError, match="operator must lie on a CUDA card, got cpu"):
        CapturedOperator(HessianLinearOperator(lambda p: p["x"].pow(3).sum(), params))
    with pytest.raises(ValueError, match="operator must be of one batch in one process"):
        CapturedOperator(HessianLinearOperator(lambda p, b: p["x"].pow(3).sum(), params, data=[0]))


@pytest.mark.gpu
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("kind", ["hessian", "ggn"])
def test_captured_products_through_an_lstm_are_the_products(kind, fused):
    if fused:
        pytest.importorskip("triton")
    model = LSTM(3, 8, 4, pooling="mean").cuda()
    params = {name: value.detach() for name, value in model.named_parameters()}
    inputs, targets = torch.randn(5, 7, 3, device="cuda"), torch.tensor([0, 1, 2, 3, 0], device="cuda")

    def outputs(p):
        return torch.func.functional_call(model, p, (inputs,))

    def loss(z):
        return torch.nn.functional.cross_entropy(z, targets)

    if kind == "ggn":
        operator = GGNLinearOperator(outputs, loss, params)
    else:
        operator = HessianLinearOperator(lambda p: loss(outputs(p)), params)
    captured = CapturedOperator(operator, fused=fused)
    block = torch.randn(operator.shape[0], 3, device="cuda")
    for _ in range(2):
        torch.testing.assert_close(captured @ block[:, 0], operator @ block[:, 0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(captured @ block, operator @ block, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(captured @ operator.gradient, operator @ operator.gradient)
