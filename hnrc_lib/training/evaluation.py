"""How well a classifier does."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib._shapes import Int
from hnrc_lib.training.data import LabelledFeatures, check_data


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Result of ``evaluate``.

    Attributes:
        loss: mean cross-entropy, in nats.
        accuracy: fraction of examples whose largest logit is that of their label, 0 … 1.
        predictions: class of the largest logit of each example, shape (N,), on the CPU.
    """

    loss: float
    accuracy: float
    predictions: Int[Tensor, "examples"]


def evaluate(model: nn.Module, data: LabelledFeatures, *, batch_size: int = 256) -> Evaluation:
    """Cross-entropy and accuracy of a classifier, without gradients and in evaluation mode.

    L = −(1/N) Σ log softmax(model(x))[y]

    Args:
        model: features → logits; its mode (training or evaluation) is as before when this returns.
        data: (features, labels), floating point of shape (N, …) and int64 of shape (N,).
        batch_size: examples at once, > 0.

    Raises:
        ValueError, TypeError: data that do not belong together, or a batch size below 1.

    >>> model = nn.Linear(2, 2, bias=False)
    >>> _ = nn.init.eye_(model.weight)
    >>> result = evaluate(model, (torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0])))
    >>> result.accuracy, result.predictions
    (0.5, tensor([0, 1]))
    """
    check_data("data", data)
    if batch_size < 1:
        raise ValueError(f"batch_size must be positive, got {batch_size}")
    features, labels = data
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            logits = torch.cat([model(batch.to(device)).cpu() for batch in features.split(batch_size)])
    finally:
        model.train(was_training)
    labels = labels.cpu()
    predictions = logits.argmax(dim=1)
    loss = functional.cross_entropy(logits.double(), labels).item()
    return Evaluation(loss, (predictions == labels).double().mean().item(), predictions)


def confusion_matrix(
    labels: Int[Tensor, "examples"], predictions: Int[Tensor, "examples"], num_classes: int
) -> Int[Tensor, "classes classes"]:
    """Counts C[i, j]: how many examples of class i were taken for class j.

    Args:
        labels: true classes, shape (N,), 0 … num_classes − 1.
        predictions: classes found, shape (N,), 0 … num_classes − 1.
        num_classes: > 0.

    Raises:
        ValueError: a class out of range.

    >>> confusion_matrix(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 2)
    tensor([[1, 1],
            [0, 1]])
    """
    for name, classes in (("labels", labels), ("predictions", predictions)):
        if len(classes) and not 0 <= classes.min() <= classes.max() < num_classes:
            span = f"{int(classes.min())} … {int(classes.max())}"
            raise ValueError(f"{name} must lie in 0 … {num_classes - 1}, got {span}")
    counts = torch.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def wilson_interval(successes: int, trials: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Score interval of a proportion, at 95 % unless another z is given.

    (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n),  p̂ = successes/n, n = trials

    It assumes independent trials; takes of one speaker are not quite that, so between speakers the spread
    is wider.

    Args:
        successes: 0 … trials.
        trials: n > 0.
        z: normal quantile, > 0.

    Returns:
        (low, high), within 0 … 1.

    Raises:
        ValueError: successes out of range, no trial, or z ≤ 0.

    >>> low, high = wilson_interval(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)

    Source: Wilson (1927).
    """
    if trials < 1:
        raise ValueError(f"trials must be positive, got {trials}")
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0 … {trials}, got {successes}")
    if not z > 0:
        raise ValueError(f"z must be positive, got {z}")
    p, spread = successes / trials, z**2 / trials
    centre = p + spread / 2
    half = z * math.sqrt(p * (1 - p) / trials + spread / (4 * trials))
    low, high = (centre - half) / (1 + spread), (centre + half) / (1 + spread)
    return max(low, 0.0), min(high, 1.0)


def mcnemar_test(only_first: int, only_second: int) -> float:
    """Exact test of whether two recognisers err equally often, from the takes that one alone got right.

        p = min(1, 2 Σ_{k ≤ min(b, c)} C(b + c, k) / 2^(b + c))

    Takes that both got right, or both wrong, say nothing about which is better. Were they equally good, each
    of the others would fall to either side as a fair coin does.

    Args:
        only_first: b ≥ 0, takes that the first got right and the second wrong.
        only_second: c ≥ 0, the other way round.

    Returns:
        The two-sided p-value, 1 where there is nothing to tell them apart.

    Raises:
        ValueError: a count is negative.

    >>> mcnemar_test(9, 1)
    0.021484375

    Source: McNemar (1947), with the exact binomial.
    """
    if min(only_first, only_second) < 0:
        raise ValueError(f"counts must not be negative, got {only_first} and {only_second}")
    total = only_first + only_second
    tail = sum(math.comb(total, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**total)
