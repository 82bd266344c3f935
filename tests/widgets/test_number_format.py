import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.widgets.base import WIDGETS
from hnrc_lib.widgets.number_format import format_number
from tests.browser import run_node

FORMAT_JS = WIDGETS / "shared" / "format.js"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.001, "0.001"),
        (0.000999, "9.99×10⁻⁴"),
        (99999.0, "1×10⁵"),
        (9994.0, "9990"),
        (1.125, "1.13"),
        (-2.5e-12, "−2.5×10⁻¹²"),
        (math.nan, "undefined"),
        (-math.inf, "−∞"),
    ],
)
def test_examples(value: float, text: str) -> None:
    assert format_number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
@settings(max_examples=300, deadline=None)
def test_keeps_three_digits(value: float) -> None:
    text = format_number(value).replace("−", "-").replace("×10", "e")
    back = float(text.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    assert back == pytest.approx(value, rel=5.01e-3, abs=1e-300)


def test_same_in_javascript() -> None:
    values = [
        s * m * 10.0**e for s in (1, -1) for m in (1.0, 1.125, 2.345, 9.995, 9.9949) for e in range(-12, 9)
    ]
    source = f"import {{ formatNumber }} from '{FORMAT_JS.as_uri()}';"
    found = run_node(source + "answer(data.map((x) => [formatNumber(x), formatNumber(x, 5)]));", values)
    assert found == [[format_number(x), format_number(x, 5)] for x in values]


def test_exact_labels_in_javascript() -> None:
    values = [0.3, 1e-3, 2.0, 0.12345, 123456.0, 0.05, 98.7654]
    source = f"import {{ formatExact }} from '{FORMAT_JS.as_uri()}';"
    found = run_node(source + "answer(data.map(formatExact));", values)
    assert found == ["0.3", "0.001", "2", "0.12345", "1.23456×10⁵", "0.05", "98.7654"]
