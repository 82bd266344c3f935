"""Traits that refuse a bad value with a sentence: the trait's name, what was expected, what came."""

import math
import numbers
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets

from hnrc_lib.widgets.packed import pack_array, unpack_array


class _Checked(traitlets.TraitType[Any, Any]):
    """A synchronised trait whose :meth:`cleaned` returns the value to keep or None."""

    def __init__(self, default: Any) -> None:
        super().__init__(default)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> Any:
        """The value to keep; raises ``TraitError`` otherwise."""
        kept = self.cleaned(value)
        if kept is None:
            raise traitlets.TraitError(f"{self.name} must be {self.expected()}, got {value!r}")
        return kept

    def cleaned(self, value: Any) -> Any:
        """The value as JSON can hold it, or None."""
        raise NotImplementedError

    def expected(self) -> str:
        """What a good value is, to follow "must be"."""
        raise NotImplementedError


def _finite(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    number = float(value)
    return number if math.isfinite(number) and low <= number <= high else None


class Number(_Checked):
    """A finite number in [minimum, maximum], kept as a float."""

    def __init__(self, default: float, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(default)

    def cleaned(self, value: Any) -> float | None:
        """A float within bounds, or None."""
        return _finite(value, self.minimum, self.maximum)

    def expected(self) -> str:
        """The bounds in words."""
        return f"a finite number in [{self.minimum:g}, {self.maximum:g}]"


class Count(_Checked):
    """An integer in [minimum, maximum]."""

    def __init__(self, default: int, minimum: int, maximum: int) -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(default)

    def cleaned(self, value: Any) -> int | None:
        """An int within bounds, or None."""
        number = _finite(value, self.minimum, self.maximum)
        return int(number) if number is not None and number == int(number) else None

    def expected(self) -> str:
        """The bounds in words."""
        return f"an integer in [{self.minimum}, {self.maximum}]"


class Choice(_Checked):
    """One of a few names."""

    def __init__(self, default: str, options: Sequence[str]) -> None:
        self.options = tuple(options)
        super().__init__(default)

    def cleaned(self, value: Any) -> str | None:
        """The name itself if it is an option, or None."""
        return value if isinstance(value, str) and value in self.options else None

    def expected(self) -> str:
        """The options in words."""
        return f"one of {', '.join(self.options)}"


class Point(_Checked):
    """A list of numbers, one for each pair of bounds."""

    def __init__(self, default: Sequence[float], bounds: Sequence[tuple[float, float]]) -> None:
        self.bounds = tuple(bounds)
        super().__init__(list(default))

    def make_dynamic_default(self) -> list[float]:
        """A fresh list for each widget."""
        return list(self.default_value)

    def cleaned(self, value: Any) -> list[float] | None:
        """The coordinates as a list of floats, or None."""
        if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != len(self.bounds):
            return None
        found = [_finite(x, low, high) for x, (low, high) in zip(value, self.bounds, strict=True)]
        return None if None in found else [x for x in found if x is not None]

    def expected(self) -> str:
        """The bounds in words."""
        ranges = " × ".join(f"[{low:g}, {high:g}]" for low, high in self.bounds)
        return f"{len(self.bounds)} finite numbers in {ranges}"


class Packed(_Checked):
    """An array of numbers, given as one and kept packed; ``unpack_array`` reads it."""

    def __init__(self, dtype: str, axes: int) -> None:
        self.dtype, self.axes = dtype, axes
        super().__init__(pack_array(np.zeros((0,) * axes), dtype))

    def cleaned(self, value: Any) -> dict[str, Any] | None:
        """The array packed, or None."""
        try:
            array = unpack_array(value) if isinstance(value, dict) else np.asarray(value)
            return pack_array(array, self.dtype) if array.ndim == self.axes else None
        except (TypeError, ValueError):
            return None

    def expected(self) -> str:
        """Type and axes in words."""
        return f"an array of {self.axes} axes with numbers that {self.dtype} holds"


class Text(_Checked):
    """A text that a pattern matches whole."""

    def __init__(self, default: str, pattern: str, described: str) -> None:
        self.pattern, self.described = pattern, described
        super().__init__(default)

    def cleaned(self, value: Any) -> str | None:
        """The text itself, or None."""
        return value if isinstance(value, str) and re.fullmatch(self.pattern, value) else None

    def expected(self) -> str:
        """What the pattern says, in words."""
        return self.described
