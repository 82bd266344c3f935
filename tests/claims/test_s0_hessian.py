"""Claim 0.5: what is measured on the smooth and on the kinked network."""

import pytest


def test_every_column_was_compared(measured):
    numbers = measured("0.5").numbers
    assert numbers["n"] == 24 * 8 + 8 + 8 * 10 + 10
    assert 0 < numbers["smooth_error"] < 1e-7
    assert numbers["asymmetry"] < 1e-13


def test_across_the_kink_the_difference_is_a_jump_over_the_step(measured):
    numbers = measured("0.5").numbers
    jumps = [
        (numbers[f"kink_difference_{kind}"] - numbers["kink_by_graph"]) * 2 * numbers[f"kink_{kind}_step"]
        for kind in ("wide", "narrow")
    ]
    assert jumps[0] == pytest.approx(jumps[1], rel=1e-3)
    assert abs(jumps[0]) > 1e-6
    assert numbers["kink_growth"] == pytest.approx(100, rel=1e-2)
