"""A damping rule from a number or a short text."""

from collections.abc import Callable

from hnrc_lib.optim.damping.constant import ConstantDamping
from hnrc_lib.optim.damping.exponential_decay import ExponentialDecay
from hnrc_lib.optim.damping.levenberg_marquardt import LevenbergMarquardt
from hnrc_lib.optim.damping.nielsen import Nielsen
from hnrc_lib.optim.damping.rule import DampingRule

# name: its form, the types of its numbers, how many of them must be there, and the rule.
_RULES: dict[str, tuple[str, tuple[type[float] | type[int], ...], int, Callable[..., DampingRule]]] = {
    "constant": ("constant:DAMPING", (float,), 1, ConstantDamping),
    "decay": ("decay:START:END:NUM_STEPS", (float, float, int), 3, ExponentialDecay),
    "lm": ("lm:START[:FACTOR]", (float, float), 1, LevenbergMarquardt),
    "nielsen": ("nielsen:START", (float,), 1, Nielsen),
}


def make_damping(spec: str | float | int | DampingRule) -> DampingRule:
    """The rule that a configuration names.

    A number is a constant λ. A text is a name and its numbers with colons between: ``constant:DAMPING``,
    ``decay:START:END:NUM_STEPS``, ``lm:START[:FACTOR]`` (Levenberg–Marquardt), ``nielsen:START``, or a
    number. A rule is returned as it is.

    Args:
        spec: number, text or rule.

    Raises:
        ValueError: no such rule, the wrong count of numbers, something that is no number, or a number that
            the rule refuses.

    >>> make_damping("lm:1")
    LevenbergMarquardt(start=1.0, factor=1.5, lower=0.25, upper=0.75, minimum=1e-10, maximum=10000000000.0)
    >>> make_damping("decay:1:0.01:500")
    ExponentialDecay(start=1.0, end=0.01, num_steps=500)
    """
    if isinstance(spec, DampingRule):
        return spec
    if not isinstance(spec, str):
        return ConstantDamping(float(spec))
    name, *texts = spec.split(":")
    if not texts and _parsed(name, float) is not None:
        return ConstantDamping(float(name))
    if name not in _RULES:
        raise ValueError(f"spec must be a number or one of {_forms()}, got {spec!r}")
    form, types, least, rule = _RULES[name]
    numbers = [_parsed(text, kind) for text, kind in zip(texts, types, strict=False)]
    if not least <= len(texts) <= len(types) or None in numbers:
        raise ValueError(f"spec must be of the form {form}, got {spec!r}")
    return rule(*numbers)


def _parsed(text: str, kind: type[float] | type[int]) -> float | int | None:
    """The number that a text is, or None."""
    try:
        return kind(text)
    except ValueError:
        return None


def _forms() -> str:
    return ", ".join(form for form, *_ in _RULES.values())
