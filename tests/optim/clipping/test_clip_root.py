import pytest
import torch
from clip_cases import flat, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.clipping import ClipRoot, clip_root

DAMPINGS = st.sampled_from([1e-2, 0.5, 1.0, 40.0])


@settings(max_examples=40)
@given(gradients(scales=(0.01, 1.0, 30.0)), DAMPINGS)
def test_against_the_dense_inverse_square_root(case, damping):
    parts, parameters = case
    g = flat(parts)
    values, vectors = torch.linalg.eigh(damping * torch.eye(len(g), dtype=torch.float64) + torch.outer(g, g))
    expected = vectors @ ((vectors.T @ g) * values.rsqrt())
    report = ClipRoot(damping)(parts, parameters)
    torch.testing.assert_close(flat(parts), expected, rtol=1e-8, atol=1e-12)
    assert report.norm_after < 1


def length(norm, damping):
    return float(clip_root([torch.tensor([norm], dtype=torch.float64)], damping)[0])


@pytest.mark.parametrize("damping", [1e-3, 0.25, 9.0])
def test_the_length_grows_to_one(damping):
    lengths = [length(10.0**power, damping) for power in range(-3, 5)]
    assert lengths == sorted(lengths)
    assert lengths[-1] < 1
    assert lengths[-1] == pytest.approx(1, abs=1e-6)


def test_short_gradients_grow_and_are_not_called_clipped():
    assert not ClipRoot(0.01)([torch.tensor([0.01])], [torch.zeros(1)]).clipped
    assert ClipRoot(4.0)([torch.tensor([0.01])], [torch.zeros(1)]).clipped
