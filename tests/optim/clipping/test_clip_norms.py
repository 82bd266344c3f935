import math

import pytest
import torch
from clip_cases import degrees, flat, gradients
from hypothesis import given, settings

from hnrc_lib.optim.clipping.norms import global_norm, tensor_norms, unit_norms
from hnrc_lib.optim.clipping.report import angle_between


@settings(max_examples=40)
@given(gradients(dtypes=(torch.float64, torch.float32, torch.float16, torch.bfloat16)))
def test_norms_are_those_of_the_flat_vector(case):
    parts, _ = case
    assert global_norm(parts) == pytest.approx(float(flat(parts).norm()), rel=1e-6)
    assert tensor_norms(parts) == pytest.approx([float(part.double().norm()) for part in parts], rel=1e-6)


@settings(max_examples=40)
@given(gradients())
def test_units_are_rows_and_vectors_wholes(case):
    for part in case[0]:
        norms = unit_norms(part)
        rows = list(part) if part.ndim > 1 else [part]
        expected = torch.tensor([float(row.norm()) for row in rows], dtype=torch.float64)
        torch.testing.assert_close(norms.reshape(-1), expected)
        torch.broadcast_to(norms, part.shape)


@pytest.mark.parametrize(
    ("entry", "dtype"), [(1e30, torch.float32), (6e4, torch.float16), (1e200, torch.double)]
)
def test_a_sum_of_squares_that_overflows_is_no_infinite_norm(entry, dtype):
    part = torch.full((3, 3), entry, dtype=dtype)
    assert global_norm([part]) == pytest.approx(3 * entry, rel=1e-3)
    assert tensor_norms([part, part]) == pytest.approx([3 * entry] * 2, rel=1e-3)
    assert unit_norms(part).double().reshape(-1).tolist() == pytest.approx([entry * 3**0.5] * 3, rel=1e-3)


def test_long_tensors_lose_no_digits():
    generator = torch.Generator().manual_seed(0)
    part = torch.rand(1_500_001, generator=generator).reshape(1, -1)
    exact = float(part.double().norm())
    assert global_norm([part, torch.ones(3)]) == pytest.approx((exact**2 + 3) ** 0.5, rel=1e-6)
    assert tensor_norms([part]) == pytest.approx([exact], rel=1e-6)
    part[0, -1] = math.inf
    assert global_norm([part]) == math.inf


def test_an_entry_that_is_not_finite_shows_in_the_norm():
    assert global_norm([torch.ones(2), torch.tensor([1.0, math.inf])]) == math.inf
    assert math.isnan(global_norm([torch.tensor([math.inf]), torch.tensor([math.nan]), torch.ones(2)]))


def test_norms_of_different_dtypes_go_together_and_none_is_zero():
    assert global_norm([torch.tensor([3.0]), torch.tensor([4.0]).double(), torch.zeros(1).half()]) == 5.0
    assert global_norm([]) == 0.0
    assert tensor_norms([]) == []


@pytest.mark.parametrize("angle", [1e-6, 0.3, 45.0, 90.0, 179.999])
def test_angles_are_exact_where_the_arc_cosine_is_not(angle):
    turned = torch.tensor([math.cos(math.radians(angle)), math.sin(math.radians(angle))], dtype=torch.float64)
    vector = torch.tensor([2.0, 0.0], dtype=torch.float64)
    assert angle_between([vector], [turned], (2.0, 1.0)) == pytest.approx(angle, rel=1e-7)
    assert degrees(vector, turned) == pytest.approx(angle, abs=1e-5)


def test_no_angle_with_a_zero_vector():
    assert math.isnan(angle_between([torch.zeros(2)], [torch.ones(2)], (0.0, 2**0.5)))
