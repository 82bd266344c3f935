import math

import pytest
import torch
from clip_cases import degrees, flat, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.clipping import ClipByValue, clip_by_value, input_dimension_bound


@settings(max_examples=40)
@given(gradients(), st.sampled_from([0.1, 1.0, 50.0]))
def test_entry_by_entry(case, threshold):
    parts, parameters = case
    expected = [max(-threshold, min(threshold, float(entry))) for entry in flat(parts)]
    before = flat(parts)
    report = ClipByValue(threshold)(parts, parameters)
    assert flat(parts).tolist() == expected
    outside = sum(abs(float(entry)) > threshold for entry in before)
    assert report.fraction == (outside / len(before) if outside else 0.0)
    assert report.clipped == (outside > 0)
    if outside:
        assert report.angle < 90
        assert report.angle == pytest.approx(degrees(before, flat(parts)), abs=1e-4)


@settings(max_examples=40)
@given(gradients(dtypes=(torch.float32, torch.float64)))
def test_as_torch_clips_values(case):
    parts, _ = case
    weights = [torch.nn.Parameter(torch.zeros_like(part)) for part in parts]
    for weight, part in zip(weights, parts, strict=True):
        weight.grad = part.clone()
    torch.nn.utils.clip_grad_value_(weights, 0.5)
    for weight, part in zip(weights, clip_by_value(parts, 0.5), strict=True):
        assert torch.equal(weight.grad, part)


def test_the_bound_of_the_input_dimension_fills_a_cube_not_the_unit_ball():
    inputs, parameters = 784, 784 * 784
    rule = ClipByValue.of_input_dimension(inputs)
    assert rule.threshold == input_dimension_bound(inputs) == 1 / 28
    gradient = [torch.ones(parameters)]
    assert rule(gradient, [torch.zeros(parameters)]).norm_after == pytest.approx(
        math.sqrt(parameters / inputs), rel=1e-5
    )
    with pytest.raises(ValueError, match="input_dimension must be at least 1, got 0"):
        ClipByValue.of_input_dimension(0)


def test_a_tensor_within_the_bound_is_not_copied():
    inside, outside = torch.tensor([0.5]), torch.tensor([2.0])
    clipped = clip_by_value([inside, outside], 1.0)
    assert clipped[0] is inside
    assert clipped[1] is not outside
