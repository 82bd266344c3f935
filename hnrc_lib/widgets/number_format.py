"""Numbers as a reader writes them; ``shared/format.js`` writes the same."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_number(value: float, digits: int = 3) -> str:
    """A number with ``digits`` significant digits; powers of ten outside [10⁻³, 10⁵).

    Args:
        value: any float.
        digits: significant digits, at least 1.

    >>> [format_number(x) for x in (0.5, -12.0, 3.21e-5, 123456.0, math.inf)]
    ['0.5', '−12', '3.21×10⁻⁵', '1.23×10⁵', '∞']
    """
    if math.isnan(value):
        return "undefined"
    if value == 0:
        return "0"
    sign = "−" if value < 0 else ""
    if math.isinf(value):
        return f"{sign}∞"
    # ties go up, as in JavaScript's toPrecision
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(abs(value)))
    power = rounded.adjusted()
    if -3 <= power < 5:
        return sign + _without_trailing_zeros(f"{rounded:.{max(0, digits - 1 - power)}f}")
    mantissa = f"{rounded.scaleb(-power):.{digits - 1}f}"
    return f"{sign}{_without_trailing_zeros(mantissa)}×10{str(power).translate(_SUPERSCRIPTS)}"


def _without_trailing_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
