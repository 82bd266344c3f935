"""Clipping rules by name, as a recipe or a command line writes them."""

from collections.abc import Callable

from hnrc_lib.optim.clipping.adaptive import ClipAdaptive
from hnrc_lib.optim.clipping.by_global_norm import ClipByGlobalNorm
from hnrc_lib.optim.clipping.by_layer_norm import ClipByLayerNorm
from hnrc_lib.optim.clipping.by_quantile import ClipByQuantile
from hnrc_lib.optim.clipping.by_value import ClipByValue
from hnrc_lib.optim.clipping.rank_one import ClipRankOne
from hnrc_lib.optim.clipping.root import ClipRoot
from hnrc_lib.optim.clipping.rule import ClippingRule

CLIPPING_RULES: dict[str, Callable[[float], ClippingRule]] = {
    "norm": ClipByGlobalNorm,
    "value": ClipByValue,
    "layer": ClipByLayerNorm,
    "adaptive": ClipAdaptive,
    "quantile": ClipByQuantile,
    "rank-one": ClipRankOne,
    "root": ClipRoot,
}


def make_clipping(spec: str | float | None) -> ClippingRule | None:
    """A clipping rule from its name and number.

    Args:
        spec: ``"norm:5"``, ``"value:0.1"``, ``"layer:1"``, ``"adaptive:0.01"``, ``"quantile:0.9"``,
            ``"rank-one:0.1"``, ``"root:0.1"``; a number alone, as text or not, is a global norm; None and
            ``"none"`` are no clipping.

    Returns:
        A new rule, with a memory of its own if it has one.

    Raises:
        ValueError: name or number is not one of these.

    >>> make_clipping("layer:1"), make_clipping(5)
    (ClipByLayerNorm(threshold=1.0), ClipByGlobalNorm(threshold=5.0))
    """
    if spec is None or spec == "none":
        return None
    name, separator, number = str(spec).partition(":")
    if not separator:
        name, number = "norm", name
    if name not in CLIPPING_RULES or isinstance(spec, bool):
        raise _unknown(spec)
    try:
        value = float(number)
    except ValueError:
        raise _unknown(spec) from None
    return CLIPPING_RULES[name](value)


def _unknown(spec: str | float) -> ValueError:
    rules = ", ".join(f"{name}:NUMBER" for name in CLIPPING_RULES)
    return ValueError(f"clip must be none, a number (global norm) or one of {rules}, got {spec!r}")
