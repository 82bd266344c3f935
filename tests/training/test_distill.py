import pytest
import torch
from small_digits import digits, network, trained

from hnrc_lib.training.distill import Distillation, compare, distill, distillation_loss

GENERATOR = torch.Generator().manual_seed(0)
STUDENT = torch.randn(5, 4, generator=GENERATOR, dtype=torch.float64)
TEACHER = torch.randn(5, 4, generator=GENERATOR, dtype=torch.float64)
LABELS = torch.tensor([0, 3, 1, 1, 2])


def softmax(logits):
    return logits.exp() / logits.exp().sum(dim=1, keepdim=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 6.0])
@pytest.mark.parametrize("hard_weight", [0.0, 0.3, 1.0])
def test_value_and_gradient_are_the_formulas(temperature, hard_weight):
    student = STUDENT.clone().requires_grad_()
    teacher = TEACHER.clone().requires_grad_()
    loss = distillation_loss(student, teacher, LABELS, temperature=temperature, hard_weight=hard_weight)
    p, q, one = softmax(TEACHER / temperature), softmax(STUDENT / temperature), softmax(STUDENT)
    truth = torch.eye(4, dtype=torch.float64)[LABELS]
    soft = temperature**2 * (p * (p / q).log()).sum(dim=1)
    hard = -(truth * one.log()).sum(dim=1)
    torch.testing.assert_close(loss, ((1 - hard_weight) * soft + hard_weight * hard).mean())
    loss.backward()
    expected = ((1 - hard_weight) * temperature * (q - p) + hard_weight * (one - truth)) / 5
    torch.testing.assert_close(student.grad, expected)
    assert teacher.grad is None


def test_a_high_temperature_compares_centred_logits():
    loss = distillation_loss(STUDENT, TEACHER, LABELS, temperature=1e3, hard_weight=0.0)
    difference = STUDENT - TEACHER
    centred = difference - difference.mean(dim=1, keepdim=True)
    assert loss.item() == pytest.approx((centred**2).mean().item() / 2, rel=5e-3)


def test_hard_weight_one_does_not_hear_the_teacher():
    features, labels = (part[:64] for part in digits("train"))
    one, other = network((4, 4, 4), 8), network((4, 4, 4), 8)
    config = Distillation(hard_weight=1.0, epochs=1)
    distill(one, network(seed=5), features, labels, config, torch.Generator().manual_seed(2))
    distill(other, network(seed=6), features, labels, config, torch.Generator().manual_seed(2))
    assert all(map(torch.equal, one.parameters(), other.parameters()))


def test_a_student_without_labels_learns_from_its_teacher():
    teacher, (features, labels), (held, truth) = trained(), digits("train"), digits("test")
    weights = [value.clone() for value in teacher.parameters()]
    student = network((6, 8, 8), 16, seed=3)
    shuffled = labels.roll(7)  # of no use: w = 0 must not look at them
    config = Distillation(hard_weight=0.0, epochs=10)
    losses = distill(student, teacher, features, shuffled, config, torch.Generator().manual_seed(2))
    done = compare(teacher, student, held, truth, repeats=3)
    assert losses[-1] < losses[0] / 4
    assert done.after.accuracy >= 0.75
    assert done.size_ratio < 0.5
    assert all(map(torch.equal, weights, teacher.parameters()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 0.0}, "temperature must be positive, got 0.0"),
        ({"hard_weight": 1.5}, "hard_weight must lie in 0 … 1, got 1.5"),
        ({"epochs": 0}, "epochs must be positive, got 0"),
    ],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        Distillation(**changes)
    if "epochs" not in changes:
        with pytest.raises(ValueError, match=message):
            distillation_loss(STUDENT, TEACHER, LABELS, **changes)
