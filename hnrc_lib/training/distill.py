"""Distillation: a small network learns what a large one believes of every class, not only the label."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib._shapes import Float, Int
from hnrc_lib.training.compress import Compression, measure_cost


def distillation_loss(
    student: Float[Tensor, "batch classes"],
    teacher: Float[Tensor, "batch classes"],
    labels: Int[Tensor, "batch"],
    *,
    temperature: float = 4.0,
    hard_weight: float = 0.5,
) -> Float[Tensor, ""]:
    """Mean over the batch of a divergence from the teacher's softened beliefs and of the usual loss.

    L = (1 − w) τ² KL(softmax(t/τ) ‖ softmax(z/τ)) − w log softmax(z)[label]

    τ² keeps the size of the first gradient, (1 − w) τ (softmax(z/τ) − softmax(t/τ)), as τ grows; in the
    limit the first term is half the mean square of the difference of logits, each less its mean.

    Args:
        student: logits z, shape (N, C); the gradient flows to them alone.
        teacher: logits t, shape (N, C).
        labels: shape (N,).
        temperature: τ, > 0.
        hard_weight: w, of the loss on the labels, 0 … 1.

    Raises:
        ValueError: a number out of range.

    >>> logits = torch.tensor([[2.0, 0.0]])
    >>> distillation_loss(logits, logits, torch.tensor([0]), hard_weight=0.0)
    tensor(0.)

    Source: Hinton, Vinyals and Dean (2015).
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if not 0 <= hard_weight <= 1:
        raise ValueError(f"hard_weight must lie in 0 … 1, got {hard_weight}")
    ours = functional.log_softmax(student / temperature, dim=1)
    theirs = functional.log_softmax(teacher.detach() / temperature, dim=1)
    soft = functional.kl_div(ours, theirs, reduction="batchmean", log_target=True)
    hard = functional.cross_entropy(student, labels)
    return (1 - hard_weight) * temperature**2 * soft + hard_weight * hard


@dataclass(frozen=True)
class Distillation:
    """How a student is taught, by AdamW.

    Attributes:
        temperature: τ of the softened beliefs, > 0.
        hard_weight: of the loss on the labels, 0 … 1; 1 trains the student alone.
        epochs: passes through the utterances, > 0.
        batch_size: utterances of a step, > 0.
        learning_rate: > 0.

    Raises:
        ValueError: a number out of range; names it.
    """

    temperature: float = 4.0
    hard_weight: float = 0.5
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        for name in ("temperature", "epochs", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.hard_weight <= 1:
            raise ValueError(f"hard_weight must lie in 0 … 1, got {self.hard_weight}")


def distill(
    student: nn.Module,
    teacher: nn.Module,
    features: Float[Tensor, "utterances frames features"],
    labels: Int[Tensor, "utterances"],
    config: Distillation,
    generator: torch.Generator,
) -> list[float]:
    """Teach a student in place; the teacher is only asked, in evaluation mode.

    Args:
        student: a classifier, called on (N, T, F); ends in evaluation mode.
        teacher: a trained classifier; its mode and weights stay as they were.
        features: shape (N, T, F).
        labels: shape (N,).
        config: how.
        generator: draws the order of the utterances.

    Returns:
        Mean loss of each epoch.
    """
    was_training = teacher.training
    teacher.eval()
    with torch.no_grad():
        beliefs = torch.cat([teacher(part) for part in features.split(256)])
    teacher.train(was_training)
    optimizer = torch.optim.AdamW(student.parameters(), config.learning_rate)
    losses = []
    student.train()
    for _ in range(config.epochs):
        total = 0.0
        for chosen in torch.randperm(len(labels), generator=generator).split(config.batch_size):
            loss = distillation_loss(
                student(features[chosen]),
                beliefs[chosen],
                labels[chosen],
                temperature=config.temperature,
                hard_weight=config.hard_weight,
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        losses.append(total / len(labels))
    student.eval()
    return losses


def compare(
    teacher: nn.Module,
    student: nn.Module,
    features: Float[Tensor, "utterances frames features"],
    labels: Int[Tensor, "utterances"],
    *,
    repeats: int = 20,
) -> Compression:
    """What the student costs and gives beside its teacher.

    Args:
        teacher: the large classifier.
        student: the small one.
        features: to measure on, shape (N, T, F).
        labels: shape (N,).
        repeats: utterances timed.
    """
    before = measure_cost(teacher, features, labels, repeats=repeats)
    return Compression(before, measure_cost(student, features, labels, repeats=repeats))
