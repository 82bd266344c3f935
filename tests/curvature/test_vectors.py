import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.curvature.vectors import check_params, check_vector, flatten, parameter_blocks, unflatten

shapes = st.lists(st.lists(st.integers(1, 4), max_size=3), min_size=1, max_size=5)


@pytest.fixture
def without_annotations(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@given(shapes=shapes, dtype=st.sampled_from([torch.float32, torch.float64]))
@settings(deadline=None)
def test_flatten_lists_the_entries_in_order_and_unflatten_takes_it_back(shapes, dtype):
    params = {f"p{i}": torch.randn(shape, dtype=dtype) for i, shape in enumerate(shapes)}
    flat = flatten(params)
    assert flat.tolist() == [entry for value in params.values() for entry in value.flatten().tolist()]
    assert list(parameter_blocks(params).values()) == [value.numel() for value in params.values()]
    back = unflatten(flat, params)
    assert list(back) == list(params)
    assert all(torch.equal(back[name], params[name]) for name in params)


def test_unflatten_names_the_length_it_wants():
    with pytest.raises(ValueError, match=r"vector must have shape \(3,\), got \(4,\)"):
        unflatten(torch.zeros(4), {"a": torch.zeros(3)})


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, ValueError, "params must hold at least one tensor"),
        ({"w": [1.0]}, TypeError, r"params\['w'\] must be a tensor, got list"),
        ({"w": torch.tensor([1])}, TypeError, r"params\['w'\] must be real floating point, got torch.int64"),
        ({"w": torch.tensor([1j])}, TypeError, "must be real floating point, got torch.complex64"),
        ({"a": torch.zeros(1), "b": torch.zeros(1).double()}, TypeError, "params must share one dtype"),
        (
            {"a": torch.zeros(1), "b": torch.zeros(1, device="meta")},
            ValueError,
            "params must lie on one device",
        ),
    ],
)
def test_unusable_parameters_are_refused_by_name(without_annotations, params, error, message):
    with pytest.raises(error, match=message):
        check_params(params)


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        ({"v": torch.zeros(2)}, ValueError, r"expected \{'w': \(2,\)\}, got \{'v': \(2,\)\}"),
        ({"w": torch.zeros(3)}, ValueError, r"vector must match params: .*got \{'w': \(3,\)\}"),
        ({"w": torch.zeros(2), "b": torch.zeros(1)}, ValueError, "vector must match params"),
        ({"w": torch.zeros(2).double()}, TypeError, r"vector\['w'\] must have dtype torch.float32"),
        ({"w": torch.zeros(2, dtype=torch.int64)}, TypeError, "got torch.int64"),
        ({"w": torch.zeros(2, device="meta")}, ValueError, r"vector\['w'\] must lie on cpu, got meta"),
    ],
)
def test_a_vector_that_does_not_match_is_refused_by_name(vector, error, message):
    with pytest.raises(error, match=message):
        check_vector(vector, {"w": torch.zeros(2)})
