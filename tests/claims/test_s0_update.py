"""Claim 0.7: the slope of the update against the eigenvectors of H, and its limits."""

import torch

from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features


def test_descent_above_and_ascent_below_the_threshold(measured):
    numbers = measured("0.7").numbers
    assert numbers["descents_above"] == numbers["reached_above"] == numbers["num_above"] == 6
    assert 1 <= numbers["ascents_below"] == numbers["rises_confirmed"] <= numbers["num_below"]
    assert 1 <= numbers["overshoots_above"] < numbers["num_above"]


def test_the_slope_is_a_sum_over_eigenvectors(measured):
    operator = SpeechProblem(perceptron(24, 6), *speech_features()).operator()
    values, vectors = torch.linalg.eigh(operator.to_dense())
    weights = (vectors.mT @ operator.flatten(operator.gradient)) ** 2
    threshold = measured("0.7").numbers["threshold"]

    def slope(damping):
        return -float((weights / (values + damping)).sum())

    below = [slope(threshold * (1 - margin)) for margin in (1e-3, 1e-2, 1e-1)]
    assert sum(value > 0 for value in below) == measured("0.7").numbers["ascents_below"]
    assert slope(threshold * 1.001) < 0


def test_both_limits_are_reached_from_a_positive_definite_hessian(measured):
    numbers = measured("0.7").numbers
    assert numbers["limit_n"] == 25 * 9
    assert numbers["limit_smallest_eigenvalue"] > 0
    assert 0 < numbers["newton_error"] < 1e-7
    assert 0 < numbers["gradient_error"] < 1e-7
