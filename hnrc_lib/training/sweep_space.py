"""Where a sweep looks: values to choose from, ranges to draw from, and the points that come of them."""

import itertools
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Point = dict[str, Any]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included.

    Attributes:
        low: smallest.
        high: largest, > low.
        log: whether every factor, instead of every step, is as likely as another; then low > 0.
        integer: whether the numbers are whole.

    Raises:
        ValueError: the bounds do not fit; names them.
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"range must go from a smaller to a larger number, got {self.low} … {self.high}")
        if self.log and not self.low > 0:
            raise ValueError(f"low must be positive on a logarithmic range, got {self.low}")
        if self.integer and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ValueError(f"bounds must be whole for whole numbers, got {self.low} … {self.high}")

    def draw(self, uniform: float) -> float | int:
        """The number that lies at a fraction 0 … 1 of the range.

        >>> Range(1e-4, 1e-2, log=True).draw(0.5), Range(1, 3, integer=True).draw(0.99)
        (0.001, 3)
        """
        # Whole numbers own half a step to either side, so that the ends are as likely as the rest.
        half = 0.5 if self.integer else 0.0
        low, high = self.low - half, self.high + half
        if self.log:
            value = math.exp(math.log(low) + uniform * (math.log(high) - math.log(low)))
        else:
            value = low + uniform * (high - low)
        if self.integer:
            return int(min(max(round(value), self.low), self.high))
        return min(max(float(f"{value:.12g}"), self.low), self.high)


Space = Mapping[str, tuple[Any, ...] | Range]


def parse_grid(text: str) -> tuple[str, tuple[str, ...]]:
    """``key=v1,v2`` as a name and its values.

    Raises:
        ValueError: no name, no value, or a value twice.

    >>> parse_grid("learning_rate=1e-3,1e-2")
    ('learning_rate', ('1e-3', '1e-2'))
    """
    name, _, listed = text.partition("=")
    values = tuple(value.strip() for value in listed.split(",") if value.strip())
    if not name.strip() or not values or len(set(values)) < len(values):
        raise ValueError(f"grid must be key=v1,v2,… with different values, got {text!r}")
    return name.strip(), values


def parse_range(text: str) -> tuple[str, Range]:
    """``key=low:high`` or ``key=low:high:log`` as a name and its range; whole bounds give whole numbers.

    Raises:
        ValueError: another form, or bounds that do not fit.

    >>> parse_range("learning_rate=1e-4:1e-2:log")
    ('learning_rate', Range(low=0.0001, high=0.01, log=True, integer=False))
    >>> parse_range("batch_size=8:64")[1].integer
    True
    """
    name, _, bounds = text.partition("=")
    parts = [part.strip() for part in bounds.split(":")]
    if not name.strip() or len(parts) not in (2, 3) or parts[2:] not in ([], ["log"]):
        raise ValueError(f"range must be key=low:high or key=low:high:log, got {text!r}")
    try:
        low, high = float(parts[0]), float(parts[1])
    except ValueError as error:
        raise ValueError(f"range must have numbers as bounds, got {text!r}") from error
    whole = all(part.lstrip("+-").isdigit() for part in parts[:2])
    return name.strip(), Range(low, high, log=len(parts) == 3, integer=whole)


def grid_points(space: Space) -> list[Point]:
    """Every combination of the values, the last name running fastest.

    Raises:
        ValueError: nothing to choose from, or a range, whose numbers cannot be counted.

    >>> grid_points({"a": (1, 2), "b": ("x",)})
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    columns = []
    for name, values in space.items():
        if isinstance(values, Range):
            raise ValueError(f"trials must be given, as {name} is a range")
        columns.append(values)
    if not columns:
        raise ValueError("space must name at least one key to vary")
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*columns)]


def random_point(space: Space, seed: int, index: int) -> Point:
    """Point number ``index`` of a random search: the same one whoever draws it, and when.

    >>> space = {"a": Range(0, 1), "b": ("x", "y")}
    >>> random_point(space, 0, 3) == random_point(space, 0, 3) != random_point(space, 0, 4)
    True
    """
    source = random.Random(f"{seed} {index}")
    return {
        name: values.draw(source.random()) if isinstance(values, Range) else source.choice(values)
        for name, values in space.items()
    }


def describe(space: Space) -> dict[str, Any]:
    """The space as JSON holds it.

    >>> describe({"a": (1, 2), "b": Range(0, 1)})
    {'a': [1, 2], 'b': {'low': 0, 'high': 1, 'log': False, 'integer': False}}
    """
    return {
        name: dict(vars(values)) if isinstance(values, Range) else list(values)
        for name, values in space.items()
    }
