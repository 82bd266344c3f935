"""Claim 1.1 against the definition of a subgradient."""

import pytest

from hnrc_lib.claims.s1_words import is_subgradient


@pytest.mark.parametrize(
    ("slope", "expected"), [(-1, True), (0, True), (1, True), (1.05, False), (-2, False)]
)
def test_the_subgradients_of_the_absolute_value_at_zero_are_from_minus_one_to_one(slope, expected):
    assert is_subgradient(slope) is expected


def test_parabolas_share_their_subgradient_and_not_their_newton_step(measured):
    numbers = measured("1.1").numbers
    assert numbers["gentle_step"] == -1
    assert numbers["steep_step"] == pytest.approx(-0.1)
    assert numbers["slope_difference"] == 0
