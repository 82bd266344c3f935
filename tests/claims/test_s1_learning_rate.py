"""Claim 1.13: the counted steps, and the law near the minimum."""

import pytest


def test_the_number_of_steps_is_the_first_that_reaches_a_hundredth(measured):
    steps = measured("1.13").numbers["steps_to_a_hundredth"]
    assert 0.99**steps <= 0.01 < 0.99 ** (steps - 1)


def test_near_the_minimum_the_gradient_shrinks_as_on_a_quadratic(measured):
    numbers = measured("1.13").numbers
    assert numbers["near_rated"] == pytest.approx(numbers["near_law"], rel=0.05)
    assert numbers["near_full"] < 1e-6


def test_far_away_the_full_step_is_too_long(measured):
    numbers = measured("1.13").numbers
    assert numbers["far_full_loss"] > 2 * numbers["far_start_loss"]
    assert numbers["far_rated_loss"] < numbers["far_start_loss"]
