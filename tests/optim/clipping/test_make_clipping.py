import pytest

from hnrc_lib.optim.clipping import (
    ClipAdaptive,
    ClipByGlobalNorm,
    ClipByLayerNorm,
    ClipByQuantile,
    ClipByValue,
    ClipRankOne,
    ClipRoot,
    make_clipping,
)


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("norm:5", ClipByGlobalNorm(5.0)),
        ("5", ClipByGlobalNorm(5.0)),
        (5, ClipByGlobalNorm(5.0)),
        (0.25, ClipByGlobalNorm(0.25)),
        ("value:0.1", ClipByValue(0.1)),
        ("layer:1", ClipByLayerNorm(1.0)),
        ("adaptive:0.01", ClipAdaptive(0.01)),
        ("rank-one:0.1", ClipRankOne(0.1)),
        ("root:1e-1", ClipRoot(0.1)),
        (None, None),
        ("none", None),
    ],
)
def test_every_name(spec, rule):
    assert make_clipping(spec) == rule


def test_a_memory_is_not_shared():
    first, second = make_clipping("quantile:0.9"), make_clipping("quantile:0.9")
    assert isinstance(first, ClipByQuantile)
    assert repr(first) == "ClipByQuantile(quantile=0.9, window=1000)"
    assert first is not second


@pytest.mark.parametrize("spec", ["", "norms:5", "value", "value:", "norm:five", "norm:5:6", True])
def test_the_error_lists_what_there_is(spec):
    names = ("norm", "value", "layer", "adaptive", "quantile", "rank-one", "root")
    known = ", ".join(f"{name}:NUMBER" for name in names)
    with pytest.raises(ValueError, match=f"one of {known}, got {spec!r}"):
        make_clipping(spec)


@pytest.mark.parametrize("spec", ["norm:0", -1, "0", "rank-one:nan", "norm:inf"])
def test_numbers_are_checked_by_the_rule(spec):
    with pytest.raises(ValueError, match="must be positive and finite, got"):
        make_clipping(spec)
