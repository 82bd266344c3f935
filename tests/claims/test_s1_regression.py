"""Claim 1.8: the rungs of the printed regression against its data by hand."""

import numpy as np
import pytest

from hnrc_lib.claims.s1_regression import NOWHERE, judge_regression


def test_the_printed_program_stops_at_its_gradient(measured):
    numbers = measured("1.8").numbers
    assert (numbers["printed_raises"], numbers["printed_line"]) == (1, 15)
    assert numbers["printed_distance"] == NOWHERE
    assert numbers["num_errors"] == 2


def test_one_step_of_the_mended_program_is_the_line_through_its_points(measured):
    source = np.random.RandomState(0)
    x = source.rand(100, 1)
    y = 2 * x + 1 + source.rand(100, 1) * 0.1
    numbers = measured("1.8").numbers
    assert (numbers["slope"], numbers["intercept"]) == pytest.approx(np.polyfit(x.ravel(), y.ravel(), 1))
    assert numbers["mended_distance"] < 1e-12 < numbers["slow_distance"] < numbers["wrong_sign_distance"]


def test_a_program_that_ends_far_away_does_not_hold():
    assert judge_regression({"printed_raises": 0, "printed_distance": 1e-2}) == "fails"
