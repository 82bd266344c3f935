"""Claims 1.4, 1.6 and 1.14 against dense derivatives and against what theory says."""

import math

import pytest
import torch

from hnrc_lib.claims.s1_models import model_errors, on_a_kink, random_directions
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.curvature import flatten, unflatten


def problem(activation):
    features, labels = speech_features(num_frames=1, n_mels=3, num_utterances=20)
    return SpeechProblem(perceptron(3, 2, activation=activation), features, labels)


def test_the_errors_are_those_of_the_dense_model():
    subject = problem("tanh")
    params = subject.params()
    theta, direction = flatten(params), random_directions(38, 1, seed=0)

    def loss(vector):
        return subject.loss(unflatten(vector, params))

    g, H = torch.func.grad(loss)(theta), torch.func.hessian(loss)(theta)
    d = 0.3 * direction[0]
    first = loss(theta + d) - loss(theta) - g @ d
    found = model_errors(subject, params, direction, (0.3,))
    assert float(found[0]) == pytest.approx(abs(float(first)), rel=1e-9)
    assert float(found[1]) == pytest.approx(abs(float(first - d @ H @ d / 2)), rel=1e-6)


def test_a_unit_on_its_kink_is_there_for_the_first_utterance_alone():
    subject = problem("relu")
    params = on_a_kink(subject)
    inputs = subject.features @ params["0.weight"][0] + params["0.bias"][0]
    assert abs(float(inputs[0])) < 1e-15
    assert float(inputs[1:].abs().min()) > 1e-6


def test_directions_have_length_one():
    torch.testing.assert_close(random_directions(5, 4, seed=1).norm(dim=1), torch.ones(4).double())


def test_newton_on_the_speech_saddle_raises_the_loss(measured):
    numbers = measured("1.6").numbers
    assert numbers["saddle_lower"] == numbers["saddle_negative"] > 0
    assert numbers["saddle_loss_after"] > numbers["saddle_loss"]
    assert numbers["minimum_loss_after"] < numbers["minimum_loss"]
    assert numbers["maximum_promised"] == pytest.approx(-numbers["minimum_promised"])


def test_the_steepest_slopes_are_the_dual_norms(measured):
    numbers = measured("1.14").numbers
    # Along −g it is ‖g‖, along −M⁻¹g in M's norm √(gᵀM⁻¹g); the cosine of the two ties them together.
    cosine = math.cos(math.radians(numbers["angle"]))
    assert numbers["plain_newton"] == pytest.approx(numbers["plain_gradient"] * cosine, rel=1e-9)
    assert numbers["plain_random"] < numbers["plain_gradient"]
    assert numbers["damped_random"] < numbers["damped_gradient"] < numbers["damped_newton"]
