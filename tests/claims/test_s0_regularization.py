"""Claim 0.15: L2 and L1 against damping."""

import pytest


def test_l2_adds_lambda_to_the_diagonal_and_pulls_the_gradient(measured):
    numbers = measured("0.15").numbers
    assert numbers["l2_to_damped"] < 1e-12
    assert numbers["l2_gradient_to_pull"] < 1e-12


def test_l1_leaves_the_hessian_alone_because_no_weight_is_zero(measured):
    numbers = measured("0.15").numbers
    assert numbers["smallest_weight"] > 0
    assert numbers["l1_to_plain"] == pytest.approx(0.0, abs=1e-15)


def test_l2_moves_the_stationary_point_and_damping_does_not(measured):
    numbers = measured("0.15").numbers
    assert numbers["gradient_norm"] < 1e-3
    assert numbers["l2_gradient_norm"] > 100 * numbers["gradient_norm"]
