"""Evidence of the claims on inverses of low rank, against something independent."""

import pytest
import torch
import torch.nn.functional as F

from hnrc_lib.claims import s0_combination, s2_combination, s2_scale
from hnrc_lib.claims.s2_diagonal import LEFT
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.experiments.record import load_record


@pytest.fixture(scope="module")
def problem():
    features, labels = speech_features(num_frames=2)
    return SpeechProblem(perceptron(features.shape[1], 4), features, labels)


def test_the_printed_sum_has_the_square_of_the_gradients_entries(measured):
    numbers = measured("2.4").numbers
    assert numbers["printed_entries"] == numbers["n"] ** 2
    assert numbers["parabola_rest"] == pytest.approx(-numbers["parabola"])
    assert numbers["entries_sum"] == pytest.approx(numbers["penalty_value"])
    assert numbers["minimum_correction"] > 1e3 * numbers["minimum_gradient"]


def test_the_units_turn_the_variant_from_the_gradient_to_the_squares(measured):
    features, labels = speech_features(num_frames=2)
    model = perceptron(4, 2)
    params = {name: value.detach() for name, value in model.named_parameters()}
    problem = SpeechProblem(model, features[:, :4], labels)
    H = problem.operator(params).to_dense()
    g = problem.operator(params).flatten(problem.operator(params).gradient)
    limit = torch.rad2deg(torch.arccos(torch.cosine_similarity(g, H.diagonal() ** 2, dim=0)))
    assert measured("2.4").numbers["turned_by_units"] < float(limit)
    assert measured("2.4").numbers["turned_by_units"] == pytest.approx(float(limit), abs=15)


def test_a_constant_to_each_class_makes_the_hessian_singular(measured):
    numbers = measured("2.15").numbers
    assert numbers["n"] - numbers["rank"] == 4 + 1  # from each of four units, and the biases
    assert numbers["finite_entries"] == numbers["n"] ** 2


def test_the_diagonal_is_that_of_single_second_derivatives(problem, measured):
    params = problem.params()
    theta = torch.cat([value.flatten() for value in params.values()])
    operator, step = problem.operator(), 1e-4

    def loss(x):
        return float(problem.loss(operator.unflatten(x)))

    negative = 0
    for i in range(len(theta)):
        e = torch.zeros_like(theta)
        e[i] = step
        negative += loss(theta + e) - 2 * loss(theta) + loss(theta - e) < 0
    assert measured("2.5").numbers["num_negative"] == negative
    assert measured("2.5").numbers["plain_loss"] == LEFT


def test_one_plain_step_already_raises_the_loss(problem):
    operator = problem.operator()
    g, d = operator.flatten(operator.gradient), operator.to_dense().diagonal()
    moved = operator.unflatten(operator.flatten(problem.params()) - g / d)
    assert float(problem.loss(moved)) > float(operator.value)


def test_gradient_descent_goes_c_times_as_far():
    features, labels = speech_features(num_frames=2)
    make = s2_scale.OPTIMIZERS["gradient_descent"]
    model = perceptron(features.shape[1], 4)
    parts = torch.autograd.grad(F.cross_entropy(model(features), labels), list(model.parameters()))
    g = torch.cat([part.flatten() for part in parts])
    one = s2_scale._way(make, 1e-6, features, labels)
    torch.testing.assert_close(one, -0.3 * 1e-6 * s2_scale.NUM_STEPS * g, rtol=1e-4, atol=1e-12)


def test_a_fixed_diagonal_before_adagrad_cancels(problem, measured):
    numbers = measured("2.14").numbers
    assert numbers["rmsprop_cancelled"] < 1e-3
    assert numbers["adagrad_cancelled"] < 1e-3
    assert numbers["none_cancelled"] > 0.1
    assert s2_combination._moved_by_diagonal(problem, "adagrad") == pytest.approx(
        numbers["adagrad_cancelled"]
    )


def test_the_record_is_counted_task_by_task(measured):
    scalars = load_record("optimisers").scalars

    def mean(task, name):
        return scalars[f"{task}/{name}/train_loss_mean"]

    tasks = ("cnn", "lstm", "ctc")
    numbers = measured("2.14").numbers
    assert numbers["hybrid_at_equal_steps"] == sum(
        mean(t, "hnrc-adam") < mean(t, "adamw-half") for t in tasks
    )
    assert numbers["hybrid_at_equal_gradients"] == sum(mean(t, "hnrc-adam") < mean(t, "adamw") for t in tasks)
    lower = sum(mean(t, "hnrc-k") < mean(t, "sgd") for t in tasks)
    assert numbers["momentum_at_equal_steps"] == measured("0.17").numbers["recorded_lower"] == lower


def test_the_regularisers_change_the_run():
    ends = {name: s0_combination._run(True, 2.0, name, 0.2)[1] for name in s0_combination.REGULARIZERS}
    assert len(set(ends.values())) == len(ends)
    assert ends["none"] == min(ends.values())
