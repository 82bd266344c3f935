import pytest
import torch

from hnrc_lib.models.dense_stack import DenseStack


def make(skip, **sizes):
    generator = torch.Generator().manual_seed(0)
    return DenseStack(6, 3, skip=skip, width=5, num_classes=4, generator=generator, **sizes).double()


def normalised(x):
    centred = x - x.mean(1, keepdim=True)
    return (centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()).clamp(min=0)


@pytest.mark.parametrize("skip", [False, True])
def test_the_logits_are_those_of_the_equation(skip):
    model = make(skip)
    features = torch.randn(7, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = features.flatten(1) @ model.first.weight.T + model.first.bias
    for layer in model.layers:
        added = normalised(x) @ layer.weight.T + layer.bias
        x = x + added if skip else added
    expected = normalised(x) @ model.last.weight.T + model.last.bias
    torch.testing.assert_close(model(features), expected)


def test_both_kinds_start_with_the_same_weights():
    plain, residual = (dict(make(skip).named_parameters()) for skip in (False, True))
    assert all(torch.equal(value, residual[name]) for name, value in plain.items())


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="depth must be an integer of at least 1, got 0"):
        DenseStack(6, 0, skip=True)
    with pytest.raises(ValueError, match="width must be an integer of at least 2, got 1"):
        DenseStack(6, 3, skip=True, width=1)
