import copy

import pytest
import torch
from small_digits import digits, trained

from hnrc_lib.training.quantize import quantize


def test_digits_are_recognised_as_before_at_a_quarter_of_the_bytes():
    model, (features, labels) = trained(), digits("test")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rounded, done = quantize(model, features, labels, repeats=5)
    assert done.before.accuracy >= 0.9
    assert done.points_lost <= 1
    assert done.size_ratio <= 0.3
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert (rounded(features).argmax(1) == labels).double().mean().item() == done.after.accuracy
    assert not torch.equal(rounded.dense[0].weight, model.dense[0].weight)


def test_weights_that_cannot_be_rounded_are_named():
    model, (features, labels) = copy.deepcopy(trained()), digits("test")
    with torch.no_grad():
        next(model.parameters())[0] = torch.nan
    with pytest.raises(ValueError, match="must be finite in int8"):
        quantize(model, features, labels, repeats=1)
