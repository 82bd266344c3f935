import pytest
import torch
from clip_cases import gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.clipping import ClipAdaptive, clip_adaptive


def unit_by_unit(gradient, weight, ratio, floor):
    """One unit after the other, as written; the clipped gradient and how many units were clipped."""
    if gradient.ndim > 1:
        units = [unit_by_unit(g.reshape(-1), w.reshape(-1), ratio, floor) for g, w in zip(gradient, weight)]  # noqa: B905
        rows = [row for row, _ in units]
        clipped = torch.stack(rows).reshape(gradient.shape) if rows else gradient.clone()
        return clipped, sum(count for _, count in units)
    length, limit = float(gradient.norm()), ratio * max(float(weight.norm()), floor)
    return (gradient * (limit / length), 1) if length > limit else (gradient.clone(), 0)


@settings(max_examples=40)
@given(gradients(scales=(1e-3, 0.1, 10.0)), st.sampled_from([0.01, 0.2, 3.0]))
def test_unit_by_unit(case, ratio):
    parts, parameters = case
    expected = [
        unit_by_unit(part, weight, ratio, 1e-3) for part, weight in zip(parts, parameters, strict=True)
    ]
    units = sum(len(part) if part.ndim > 1 else 1 for part in parts)
    report = ClipAdaptive(ratio)(parts, parameters)
    for part, (wanted, _) in zip(parts, expected, strict=True):
        torch.testing.assert_close(part, wanted, rtol=1e-12, atol=0)
    clipped = sum(count for _, count in expected)
    assert report.fraction == (clipped / units if clipped else 0.0)


def test_a_filter_of_a_convolution_is_a_unit():
    weight, gradient = (
        torch.ones(2, 3, 2, 2, dtype=torch.float64),
        torch.ones(2, 3, 2, 2, dtype=torch.float64),
    )
    gradient[1] *= 1e-3
    (clipped,) = clip_adaptive([gradient], [weight], 0.1)
    torch.testing.assert_close(clipped[0], weight[0] * 0.1)
    assert torch.equal(clipped[1], gradient[1])


def test_the_floor_lets_zero_weights_learn():
    (clipped,) = clip_adaptive([torch.ones(1, 4)], [torch.zeros(1, 4)], 0.5, floor=0.01)
    assert float(clipped.norm()) == pytest.approx(0.005)


def test_half_precision_keeps_its_dtype():
    weight = torch.ones(2, 2, dtype=torch.bfloat16)
    (clipped,) = clip_adaptive([weight * 8], [weight], 0.5)
    assert clipped.dtype == torch.bfloat16
    assert clipped.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("name", ["ratio", "floor"])
def test_what_is_not_positive_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be positive and finite, got 0"):
        ClipAdaptive(**({"ratio": 0.1} | {name: 0.0}))
    with pytest.raises(ValueError, match=f"{name} must be positive and finite, got -1"):
        clip_adaptive([torch.ones(1)], [torch.ones(1)], **({"ratio": 0.1} | {name: -1.0}))
