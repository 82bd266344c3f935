import pytest
import torch
from clip_cases import flat, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.clipping import ClipByGlobalNorm, clip_by_global_norm


@settings(max_examples=40)
@given(gradients(), st.sampled_from([0.1, 1.0, 5.0]))
def test_direction_stays_and_length_is_the_least_of_both(case, threshold):
    parts, parameters = case
    before = flat(parts)
    length = float(before.norm())
    report = ClipByGlobalNorm(threshold)(parts, parameters)
    expected = before if length <= threshold else before * (threshold / length)
    torch.testing.assert_close(flat(parts), expected, rtol=1e-12, atol=0)
    assert report.norm_before == pytest.approx(length, rel=1e-12)
    assert report.norm_after == pytest.approx(min(length, threshold), rel=1e-12)
    assert (report.clipped, report.fraction) == (length > threshold, float(length > threshold))
    assert report.angle == pytest.approx(0, abs=1e-12)


@settings(max_examples=40)
@given(gradients(dtypes=(torch.float32, torch.float64)))
def test_near_torchs_own(case):
    parts, _ = case
    weights = [torch.nn.Parameter(torch.zeros_like(part)) for part in parts]
    for weight, part in zip(weights, parts, strict=True):
        weight.grad = part.clone()
    torch.nn.utils.clip_grad_norm_(weights, 0.5)
    for weight, part in zip(weights, clip_by_global_norm(parts, 0.5), strict=True):
        torch.testing.assert_close(weight.grad, part, rtol=1e-5, atol=1e-6)


def test_a_gradient_whose_squares_overflow_keeps_its_direction():
    gradient = [torch.tensor([3e30, 4e30])]
    report = ClipByGlobalNorm(1.0)(gradient, [torch.zeros(2)])
    torch.testing.assert_close(gradient[0], torch.tensor([0.6, 0.8]))
    assert report.norm_before == pytest.approx(5e30)


def test_half_precision_is_measured_in_single():
    gradient = [torch.full((4,), 6e4, dtype=torch.float16)]
    report = ClipByGlobalNorm(10.0)(gradient, [torch.zeros(4, dtype=torch.float16)])
    assert report.norm_before == pytest.approx(1.2e5, rel=1e-3)
    assert gradient[0].tolist() == [5.0] * 4
