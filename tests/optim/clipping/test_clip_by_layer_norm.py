import pytest
import torch
from clip_cases import degrees, flat, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.clipping import ClipByLayerNorm


@settings(max_examples=40)
@given(gradients(scales=(0.5, 1.0, 30.0)), st.sampled_from([0.5, 2.0]))
def test_each_tensor_by_itself(case, threshold):
    parts, parameters = case
    before, expected, clipped = flat(parts), [], 0
    for part in parts:
        length = float(part.norm())
        clipped += length > threshold
        expected.append(part * min(1.0, threshold / length) if length else part.clone())
    report = ClipByLayerNorm(threshold)(parts, parameters)
    for part, wanted in zip(parts, expected, strict=True):
        torch.testing.assert_close(part, wanted, rtol=1e-12, atol=0)
    assert report.fraction == clipped / len(parts)
    if clipped:
        assert report.angle == pytest.approx(degrees(before, flat(parts)), abs=1e-4)


def test_a_long_layer_does_not_shorten_another():
    parts = [torch.tensor([1e6]), torch.tensor([0.5])]
    report = ClipByLayerNorm(1.0)(parts, [torch.zeros(1), torch.zeros(1)])
    assert [part.item() for part in parts] == [1.0, 0.5]
    assert 0 < report.angle < 90
