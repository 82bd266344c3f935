"""The claims on clipping against autograd, torch's own clips and what can be counted by eye."""

import math

import numpy as np
import pytest
import torch

from hnrc_lib.claims import s4_effects as effects
from hnrc_lib.claims import s4_gradient as gradient
from hnrc_lib.claims import s4_thresholds as thresholds
from hnrc_lib.claims import s4_training as training
from hnrc_lib.claims import s4_trimming as trimming
from hnrc_lib.claims.recurrent import Unrolled, speech_frames
from hnrc_lib.experiments.record import load_record
from hnrc_lib.optim.clipping import clip_by_global_norm, clip_by_value


def test_the_printed_sum_by_hand():
    features = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
    found = gradient.printed_gradient(
        torch.tensor([1.0, 0.0]), features, torch.tensor([3.0, 1.0]), lambda z: z
    )
    assert found.tolist() == [1.0, 2.5]  # ((3 − 1)·(1, 2) + (1 − 0)·(0, 1))/2


def test_the_printed_update_ascends_and_the_reversed_descends(measured):
    numbers = measured("4.3").numbers
    for loss in ("squared", "logistic"):
        assert numbers[f"{loss}_reversed"] < numbers[f"{loss}_start"] < numbers[f"{loss}_printed"]


@pytest.mark.parametrize(("rule", "clip"), [("value", clip_by_value), ("norm", clip_by_global_norm)])
def test_the_jacobian_of_the_clipped_gradient_by_differences(rule, clip):
    loss, theta = gradient.small_problem()
    slope, hessian = gradient.derivatives(loss, theta)
    limit = float(slope.abs().median() if rule == "value" else slope.norm() / 2)
    along = torch.randn(len(theta), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ends = [clip([gradient.slope_at(loss, theta + sign * 1e-6 * along)], limit)[0] for sign in (1, -1)]
    expected = (ends[0] - ends[1]) / 2e-6
    found = gradient.jacobian_of_clipped(hessian, slope, rule, limit) @ along
    # The median is an entry of g itself: that entry sits on the corner, where no derivative exists.
    away = (slope.abs() - limit).abs() > 1e-6 if rule == "value" else torch.ones_like(slope, dtype=torch.bool)
    torch.testing.assert_close(found[away], expected[away], rtol=1e-5, atol=1e-7)


def test_a_gradient_does_no_work_around_a_circle_and_a_clipped_one_does():
    assert abs(gradient.circulation("none")) < 1e-12
    assert abs(gradient.circulation("value")) > 0.01
    assert abs(gradient.circulation("norm")) > 1e-3


def test_asymmetry_of_known_matrices():
    assert gradient.asymmetry(torch.eye(3)) == 0
    assert gradient.asymmetry(torch.tensor([[0.0, 2.0], [0.0, 0.0]])) == pytest.approx(1.0)


def test_the_ball_by_torchs_clip(measured):
    numbers = measured("4.4").numbers
    parts, parameters = thresholds.printed_gradients(thresholds.printed_model())
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = thresholds.EXPLODED * part
    torch.nn.utils.clip_grad_value_(parameters, 1 / math.sqrt(128))
    length = torch.nn.utils.get_total_norm([part.grad for part in parameters if part.grad is not None])
    assert numbers["exploded_after"] == pytest.approx(float(length), rel=1e-5)
    assert numbers["num_parameters"] == 128 * 256 + 256 * 256 + 2 * 256 + 2560 + 10
    assert numbers["exploded_after"] <= numbers["longest"] * (1 + 1e-6)
    assert max(numbers["plain_angle"], numbers["exploded_angle"]) < 90


def test_the_program_clips_by_norm(measured):
    numbers = measured("4.5").numbers
    assert numbers["code_length"] == pytest.approx(thresholds.THRESHOLD, rel=1e-5)
    assert numbers["code_angle"] == 0
    assert numbers["repeated_clipped"] < numbers["fresh_clipped"] <= numbers["fresh_steps"]


def test_a_clip_changes_nothing_that_it_does_not_reach():
    _, plain, norms = effects.trained(effects.SMALL, None, 5)
    _, clipped, _ = effects.trained(effects.SMALL, effects.CLIP, 5)
    assert max(norms) < effects.CLIP
    assert plain == clipped


def test_the_word_must_be_carried_to_the_end():
    frames, labels = effects.word_then_nothing()
    assert frames.shape == (len(labels), effects.NUM_FRAMES, effects.N_MELS)
    assert frames[:, effects.WORD_FRAMES :].abs().max() == 0
    assert frames[:, : effects.WORD_FRAMES].abs().min(dim=2).values.max() > 0


def test_sparsifying_keeps_what_clipping_changes():
    vector = torch.randn(200, generator=torch.Generator().manual_seed(0))
    kept = trimming.keep_largest(vector)
    assert int((kept != 0).sum()) == 20
    assert vector[kept != 0].abs().min() > vector[kept == 0].abs().max()


def test_adam_takes_no_notice_of_a_constant_factor(measured):
    numbers = measured("4.17").numbers
    assert numbers["adam_change"] < 1e-4
    assert numbers["sgd_change"] == pytest.approx(1 - training.SHRINK)


def test_the_losses_are_those_of_the_record(measured):
    numbers, record = measured("4.17").numbers, load_record("sweep")
    assert list(record.arrays["clip"]) == [math.inf, 5.0, 1.0]
    assert record.arrays["damping"][0] == math.inf
    assert record.arrays["decay"][0] == 0
    assert numbers["five_loss"] == pytest.approx(record.arrays["train_loss"][0, 0, 1, :, -1].mean())


def test_the_error_is_read_between_two_checkpoints():
    losses, errors = torch.tensor([3.0, 2.0, 1.0]).numpy(), torch.tensor([0.9, 0.5, 0.3]).numpy()
    assert training._error_at(1.5, losses, errors) == pytest.approx(0.4)
    assert training._error_at(4.0, losses, errors) == pytest.approx(0.9)


def test_bytes_are_those_of_the_parameters(measured):
    numbers = measured("4.2").numbers
    model, _, _ = effects.trained(1.0, None, 1)
    assert numbers["bytes_plain"] > 8 * sum(part.numel() for part in model.parameters())
    assert numbers["bytes_plain"] == numbers["bytes_clipped"]


def test_smoothness_is_curvature_along_the_step():
    """On the first step, against a product with the Hessian at a point that is close by."""
    norms, quotients = training.smoothness_along(num_steps=2, rate=1e-4)
    frames, labels = speech_frames(16)
    model = Unrolled("lstm", frames.shape[2], 12)
    parameters = list(model.parameters())
    loss = torch.nn.functional.cross_entropy(model(frames), labels)
    slope = torch.nn.utils.parameters_to_vector(torch.autograd.grad(loss, parameters, create_graph=True))
    unit = (slope / slope.norm()).detach()
    product = torch.nn.utils.parameters_to_vector(torch.autograd.grad(slope @ unit, parameters))
    assert norms[0] == pytest.approx(float(slope.detach().norm()))
    assert quotients[0] == pytest.approx(float(product.detach().norm()), rel=1e-3)


def test_long_gradients_come_with_bends():
    norms, quotients = training.smoothness_along(num_steps=30)
    ranks = [values.argsort().argsort() for values in (norms, quotients)]
    assert np.corrcoef(ranks[0], ranks[1])[0, 1] > 0.5


def test_only_the_first_frame_tells_the_code():
    frames, labels = training.recall(3)
    assert bool((frames[:10, 0] == frames[10:20, 0]).all())
    assert labels.bincount().tolist() == [4] * 10
    assert frames[:, 1:].std() < 0.3 * frames[:, 0].std()


def test_the_gain_on_recall_is_that_of_pairs(measured):
    numbers = measured("4.18").numbers
    clips = (None, effects.CLIP)
    pair = [effects.trained(effects.LARGE, clip, data=training.recall(0))[1] for clip in clips]
    assert sum(pair[1][-10:]) < sum(pair[0][-10:])
    assert 1 <= numbers["num_better"] <= numbers["num_draws"] == 4
