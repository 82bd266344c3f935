import json
import math

import numpy as np
import pytest
import torch

from hnrc_lib.optim.clipping import ClipByQuantile, clip_by_quantile


def run(rule, lengths):
    reports = []
    for length in lengths:
        gradient = [torch.tensor([0.6 * length, 0.8 * length], dtype=torch.float64)]
        reports.append(rule(gradient, [torch.zeros(2, dtype=torch.float64)]))
    return reports


LENGTHS = np.random.default_rng(0).lognormal(size=60).tolist()


@pytest.mark.parametrize(("quantile", "window"), [(0.1, 1000), (0.5, 7), (0.9, 1), (1.0, 20)])
def test_against_numpys_quantile_of_the_window(quantile, window):
    for step, report in enumerate(run(ClipByQuantile(quantile, window), LENGTHS)):
        seen = LENGTHS[max(0, step + 1 - window) : step + 1]
        threshold = float(np.quantile(seen, quantile))
        assert report.norm_after == pytest.approx(min(LENGTHS[step], threshold), rel=1e-12)
        assert report.norm_before == pytest.approx(LENGTHS[step], rel=1e-12)


def test_it_resumes_to_the_bit():
    whole = run(ClipByQuantile(0.3, 10), LENGTHS)
    first = ClipByQuantile(0.3, 10)
    run(first, LENGTHS[:25])
    saved = json.dumps(first.state_dict())
    second = ClipByQuantile(0.3, 10)
    second.load_state_dict(json.loads(saved))
    assert run(second, LENGTHS[25:]) == whole[25:]
    assert run(ClipByQuantile(0.3, 10), LENGTHS[25:]) != whole[25:]


def test_what_is_not_finite_is_not_remembered():
    rule = ClipByQuantile(0.5)
    run(rule, [1.0, math.inf, math.nan, 3.0])
    assert rule.state_dict()["norms"] == pytest.approx([1.0, 3.0])


def test_zero_norms_clip_nothing():
    assert run(ClipByQuantile(0.1), [0.0] * 20 + [2.0])[-1].norm_after == pytest.approx(2.0)


def test_a_state_of_something_else_is_refused():
    rule = ClipByQuantile(0.5, window=2)
    with pytest.raises(ValueError, match=r"must have the key 'norms', got keys \['threshold'\]"):
        rule.load_state_dict({"threshold": 1.0})
    with pytest.raises(ValueError, match="norms must be 2 at most, the window, got 3"):
        rule.load_state_dict({"norms": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize("quantile", [0.0, -0.1, 1.5, math.nan])
def test_no_quantile(quantile):
    with pytest.raises(ValueError, match=r"quantile must be within \(0, 1\], got"):
        ClipByQuantile(quantile)
    with pytest.raises(ValueError, match=r"quantile must be within \(0, 1\], got"):
        clip_by_quantile([torch.ones(1)], [1.0], quantile)


def test_no_window_and_no_norms():
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        ClipByQuantile(0.5, 0)
    with pytest.raises(ValueError, match="norms must hold one norm at least, got none"):
        clip_by_quantile([torch.ones(1)], [], 0.5)
