import math

import pytest
import torch
from clip_cases import flat, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.linalg import sherman_morrison
from hnrc_lib.optim.clipping import ClipRankOne, clip_rank_one

DAMPINGS = st.sampled_from([1e-2, 0.5, 1.0, 40.0])


@settings(max_examples=40)
@given(gradients(scales=(0.01, 1.0, 30.0)), DAMPINGS)
def test_against_the_dense_inverse(case, damping):
    parts, parameters = case
    g = flat(parts)
    matrix = damping * torch.eye(len(g), dtype=torch.float64) + torch.outer(g, g)
    expected = torch.linalg.solve(matrix, g)
    report = ClipRankOne(damping)(parts, parameters)
    torch.testing.assert_close(flat(parts), expected, rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(flat(parts), sherman_morrison(g, g, damping), rtol=1e-8, atol=1e-12)
    assert report.clipped == (report.norm_after < report.norm_before)


def length(norm, damping):
    return float(clip_rank_one([torch.tensor([norm], dtype=torch.float64)], damping)[0])


@pytest.mark.parametrize("damping", [1e-3, 0.25, 9.0])
def test_the_length_peaks_and_falls(damping):
    peak = math.sqrt(damping)
    assert length(peak, damping) == pytest.approx(1 / (2 * peak), rel=1e-12)
    for factor in (0.5, 0.99, 1.01, 2.0, 100.0):
        assert length(factor * peak, damping) < length(peak, damping)
    assert length(1e6, damping) == pytest.approx(1e-6, rel=1e-3)


def test_short_gradients_grow_and_are_not_called_clipped():
    report = ClipRankOne(0.1)([torch.tensor([0.01])], [torch.zeros(1)])
    assert report.norm_after == pytest.approx(0.01 / 0.1001)
    assert (report.clipped, report.fraction) == (False, 0.0)
