"""Claim 1.9: condition numbers and errors against NumPy and against extended precision."""

import numpy as np
import pytest
import torch

from hnrc_lib.claims.s1_conditioning import regression_of_condition
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features


@pytest.mark.parametrize("condition", [1e1, 1e5])
def test_the_regression_has_its_condition_number_and_solution(condition):
    X, theta, y = regression_of_condition(condition, seed=3)
    assert np.linalg.cond(X.numpy()) == pytest.approx(condition, rel=1e-6)
    assert torch.equal(X @ theta, y)
    found = np.linalg.lstsq(X.numpy(), y.numpy(), rcond=None)[0]
    np.testing.assert_allclose(found, theta, rtol=1e-9 * condition)


def test_the_error_follows_the_square_of_the_condition_number_and_qr_its_first_power(measured):
    numbers = measured("1.9").numbers
    for bits, precision in ((32, 1.2e-7), (64, 2.2e-16)):
        assert 0.01 < numbers[f"inverse_{bits}_3"] / (precision * 1e6) < 10
        assert 0.001 < numbers[f"qr_{bits}_5"] / (precision * 1e5) < 10


def test_damping_bounds_the_condition_number_above_the_threshold_alone(measured):
    numbers = measured("1.9").numbers
    features, labels = speech_features()
    hessian = SpeechProblem(perceptron(features.shape[1], 6), features, labels).operator().to_dense().numpy()
    threshold = -np.linalg.eigvalsh(hessian)[0]
    assert numbers["threshold"] == pytest.approx(threshold, rel=1e-9)
    damped = hessian + 10 * threshold * np.eye(len(hessian))
    assert numbers["ten_times"] == pytest.approx(np.linalg.cond(damped), rel=1e-6)
    assert numbers["ten_times"] <= numbers["bound_ten_times"] * (1 + 1e-9)
    assert numbers["below"] > 100 * numbers["twice"]
