"""What holds for every rule."""

import math

import pytest
import torch
from clip_cases import degrees, flat, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.clipping import (
    CLIPPING_RULES,
    ClipByQuantile,
    clip_adaptive,
    clip_by_global_norm,
    clip_by_layer_norm,
    clip_by_quantile,
    clip_by_value,
    clip_rank_one,
    clip_root,
    make_clipping,
)

SPECS = ["norm:0.5", "value:0.1", "layer:0.5", "adaptive:0.1", "quantile:0.5", "rank-one:0.5", "root:0.5"]
FUNCTIONS = {
    "norm": lambda parts: clip_by_global_norm(parts, 0.5),
    "value": lambda parts: clip_by_value(parts, 0.5),
    "layer": lambda parts: clip_by_layer_norm(parts, 0.5),
    "adaptive": lambda parts: clip_adaptive(parts, parts, 0.5),
    "quantile": lambda parts: clip_by_quantile(parts, [0.1, 5.0], 0.5),
    "rank-one": lambda parts: clip_rank_one(parts, 0.5),
    "root": lambda parts: clip_root(parts, 0.5),
}


def test_all_rules_are_here():
    assert [spec.partition(":")[0] for spec in SPECS] == list(CLIPPING_RULES) == list(FUNCTIONS)


@pytest.mark.parametrize("spec", SPECS)
@settings(max_examples=20)
@given(case=gradients(dtypes=(torch.float64, torch.float32, torch.bfloat16)))
def test_the_report_is_what_was_done(spec, case):
    parts, parameters = case
    before, dtypes = flat(parts), [part.dtype for part in parts]
    weights = [parameter.clone() for parameter in parameters]
    rule = make_clipping(spec)
    rule([part / 3 for part in parts], parameters)  # so that the quantile has something to clip by
    report = rule(parts, parameters)
    after = flat(parts)
    assert report.norm_before == pytest.approx(float(before.norm()), rel=1e-5)
    assert report.norm_after == pytest.approx(float(after.norm()), rel=1e-5)
    assert 0 <= report.fraction <= 1
    assert report.clipped == (report.fraction > 0)
    assert [part.dtype for part in parts] == dtypes
    assert all(torch.equal(old, new) for old, new in zip(weights, parameters, strict=True))
    if torch.equal(before, after):
        assert report.angle == 0 or math.isnan(report.angle)
    elif rule.keeps_direction:
        assert report.angle == 0
        # An angle of entries that are each off by up to half an eps; of arc cosines by 1e-5 degrees.
        assert degrees(before, after) < math.degrees(torch.finfo(dtypes[0]).eps) + 1e-5
    else:
        assert report.angle == pytest.approx(degrees(before, after), abs=1e-3)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@settings(max_examples=10)
@given(case=gradients(dtypes=(torch.float64, torch.float16)), place=st.integers(0, 100))
def test_what_is_not_finite_is_left_as_it_came(spec, bad, case, place):
    parts, parameters = case
    parts, parameters = [*parts, torch.ones(3)], [*parameters, torch.ones(3)]
    part = [part for part in parts if part.numel()][place % sum(part.numel() > 0 for part in parts)]
    part.view(-1)[place % part.numel()] = bad
    before = [part.clone() for part in parts]
    report = make_clipping(spec)(parts, parameters)
    for old, new in zip(before, parts, strict=True):
        torch.testing.assert_close(new, old, rtol=0, atol=0, equal_nan=True)
    assert not math.isfinite(report.norm_before)
    assert not math.isfinite(report.norm_after)
    assert math.isnan(report.angle)
    assert (report.clipped, report.fraction) == (False, 0.0)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_the_functions_leave_it_too(name, bad):
    parts = [torch.tensor([1.0, bad]), torch.tensor([[5.0]])]
    assert [new is old for new, old in zip(FUNCTIONS[name](parts), parts, strict=True)] == [True, True]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_functions_are_pure(name):
    parts = [torch.tensor([3.0, -4.0]), torch.tensor([[5.0]])]
    before = [part.clone() for part in parts]
    clipped = FUNCTIONS[name](parts)
    assert all(torch.equal(old, new) for old, new in zip(before, parts, strict=True))
    assert not torch.equal(flat(clipped), flat(parts))


@pytest.mark.parametrize("spec", SPECS)
def test_nothing_and_zeros_are_no_error(spec):
    report = make_clipping(spec)([], [])
    assert (report.norm_before, report.norm_after, report.clipped) == (0.0, 0.0, False)
    zeros = [torch.zeros(2, 2), torch.zeros(2)]
    report = make_clipping(spec)(zeros, [torch.ones(2, 2), torch.zeros(2)])
    assert flat(zeros).tolist() == [0.0] * 6
    assert (report.norm_after, report.clipped) == (0.0, False)


@pytest.mark.parametrize("spec", SPECS)
def test_what_cannot_be_clipped_is_refused(spec):
    rule = make_clipping(spec)
    with pytest.raises(ValueError, match=r"expected shapes \[\(2,\)\], got \[\(3,\)\]"):
        rule([torch.ones(3)], [torch.ones(2)])
    with pytest.raises(ValueError, match="parts must match parameters"):
        rule([torch.ones(3)], [])
    with pytest.raises(TypeError, match=r"must be dense, got .* torch.sparse_coo and shape \(2, 2\)"):
        rule([torch.eye(2).to_sparse()], [torch.eye(2)])
    with pytest.raises(TypeError, match=r"real and floating, got torch\.complex64"):
        rule([torch.ones(2, dtype=torch.complex64)], [torch.ones(2)])


def test_the_share_of_one_process_is_refused():
    from torch.distributed.tensor import DTensor

    share = torch.ones(2)
    share.device_mesh = "two processes"
    assert hasattr(DTensor, "device_mesh")
    assert not hasattr(torch.Tensor, "device_mesh")
    with pytest.raises(TypeError, match="parts must be whole, got a Tensor, the share of one process"):
        make_clipping("norm:1")([share], [torch.ones(2)])


@pytest.mark.parametrize("name", [name for name in CLIPPING_RULES if name != "quantile"])
@pytest.mark.parametrize("number", [0.0, -1.0, math.inf, math.nan])
def test_numbers_that_are_none(name, number):
    with pytest.raises(ValueError, match=r"(threshold|damping|ratio) must be positive and finite, got"):
        CLIPPING_RULES[name](number)


@pytest.mark.parametrize("spec", SPECS)
def test_states_go_into_rules_of_their_own_kind(spec):
    rule = make_clipping(spec)
    rule([torch.ones(2)], [torch.ones(2)])
    make_clipping(spec).load_state_dict(rule.state_dict())
    if not isinstance(rule, ClipByQuantile):
        assert rule.state_dict() == {}
        with pytest.raises(ValueError, match=r"must be empty, got keys \['norms'\]"):
            rule.load_state_dict({"norms": [1.0]})
