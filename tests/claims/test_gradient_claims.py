"""Claims on vanishing and exploding gradients: the numbers against what can be said beforehand."""

import pytest
import torch

from hnrc_lib.claims import s2_adaptive
from hnrc_lib.claims.s2_adaptive import OPTIMIZERS, SPIKE
from hnrc_lib.claims.subjects import perceptron, speech_features


def test_forty_steps_along_the_steepest_axis_contract_by_their_power(measured):
    numbers = measured("0.18").numbers
    assert numbers["below_after_40"] == pytest.approx(0.9**40, rel=0.05)
    assert numbers["above_after_40"] == pytest.approx(1.1**40, rel=0.05)
    assert numbers["flat_contraction"] == pytest.approx(
        1 - numbers["smallest"] / numbers["largest"], abs=1e-3
    )


def test_the_decay_per_frame_is_that_of_the_ends(measured):
    numbers = measured("0.10").numbers
    for name in ("rnn", "large_rnn", "lstm"):
        ends = (numbers[f"{name}_long"] / numbers[f"{name}_short"]) ** (1 / 48)
        assert numbers[f"{name}_factor"] == pytest.approx(ends, rel=0.05)


def test_damping_lifts_a_vanished_gradient_less_than_it_lowers_an_exploded_one(measured):
    numbers = measured("0.1").numbers
    lifted = numbers["damped_ratio"] / numbers["gradient_ratio"]
    assert 1 < lifted < numbers["explosion"] / numbers["step_growth"]
    assert numbers["gauss_newton_ratio"] < 1


def test_a_fair_rate_converges_while_a_tiny_one_stays(measured):
    numbers = measured("1.3").numbers
    assert numbers["fair_change"] < 0.5 < numbers["tiny_change"] < 1
    assert numbers["small_weights"] < 1 < numbers["large_weights"]


def test_factors_grow_with_the_weights_in_either_family(measured):
    numbers = measured("2.1").numbers
    for family in ("recurrent", "convolutional"):
        small, usual, large = (numbers[f"{family}_{name}"] for name in ("small", "usual", "large"))
        assert small < usual < large
        assert small == pytest.approx(usual / 2, rel=0.15)


def test_the_first_step_of_adam_is_as_long_whatever_the_scale():
    features, labels = speech_features(num_frames=2, num_utterances=100)
    n = sum(parameter.numel() for parameter in perceptron(features.shape[1], 8).parameters())
    for scale in (1e-3, 1e3):
        (length,) = s2_adaptive._updates(OPTIMIZERS["adam"], features, labels, [scale])
        # ε = 10⁻⁸ shortens the step of the small loss a little.
        assert length.item() == pytest.approx(s2_adaptive.RATE * n**0.5, rel=0.01)


def test_a_spike_answers_as_the_rule_of_each_optimiser_says(measured):
    """A constant gradient of 1, ten times, then a spike: the update in one dimension, written out."""
    m = 0.9 * (1 - 0.9**10) + 0.1 * SPIKE
    v = 0.999 * (1 - 0.999**10) + 0.001 * SPIKE**2
    adam = m / (1 - 0.9**11) / (v / (1 - 0.999**11)) ** 0.5
    squares = 1 - 0.99**10
    rmsprop = (SPIKE / (0.99 * squares + 0.01 * SPIKE**2) ** 0.5) / (1 / (1 - 0.99**6) ** 0.5)
    numbers = measured("2.2").numbers
    assert numbers["adam_spike"] == pytest.approx(adam, rel=0.35)
    assert numbers["rmsprop_spike"] == pytest.approx(rmsprop, rel=0.15)
    assert numbers["sgd_spike"] == pytest.approx(SPIKE, rel=0.02)


def test_small_and_steep_apart_from_large_and_flat(measured):
    numbers = measured("0.2").numbers
    assert numbers["rested_gradient"] < numbers["sure_gradient"]
    assert torch.tensor(numbers["sure_curvature"]) < torch.tensor(numbers["rested_curvature"])
