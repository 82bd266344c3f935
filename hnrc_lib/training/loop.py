"""A plain training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from hnrc_lib.training.config import TrainingConfig
from hnrc_lib.training.data import LabelledFeatures, check_data
from hnrc_lib.training.evaluation import evaluate
from hnrc_lib.training.kept_weights import copy_weights, fold_into_mean
from hnrc_lib.training.progress import EpochReport, ProgressCallback
from hnrc_lib.training.schedule import rate_factor

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class History:
    """What happened in a training run.

    Attributes:
        epochs: one report per epoch, in order.
        best_epoch: the epoch, from 1, with the lowest validation loss; the model has its weights now,
            unless the configuration asks for an average.
        stopped_early: whether patience ran out before ``max_epochs``.
    """

    epochs: tuple[EpochReport, ...]
    best_epoch: int
    stopped_early: bool

    def curve(self, name: str) -> list[float]:
        """One attribute of ``EpochReport`` over the epochs, for example ``"validation_loss"``."""
        return [getattr(report, name) for report in self.epochs]


def train(
    model: nn.Module,
    train_data: LabelledFeatures,
    validation_data: LabelledFeatures,
    config: TrainingConfig,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    augment: Augment | None = None,
    progress: ProgressCallback | None = None,
) -> History:
    """Minimise the cross-entropy of a classifier by mini-batches; keep the weights that validate best.

    θ ← step(θ, ∇ of −(1/B) Σ log softmax(model(x))[y]) for every batch of every epoch

    With ``config.average_last = k`` the mean of θ after each of the last k epochs is kept instead.
    The same seed gives the same losses to the bit on one CPU with one number of threads.

    Args:
        model: features → logits; trained in place, moved to ``config.device``, left in evaluation mode
            with the weights of the best epoch, or the average.
        train_data: (features, labels), floating point of shape (N, …) and int64 of shape (N,).
        validation_data: likewise; never trained on, chooses the epoch.
        config: learning rate, batches, epochs, patience, seed, device.
        optimizer: on this model's parameters; AdamW with the config's rates when None.
        augment: changes a batch's features, drawing from the generator that it is given.
        progress: called after every epoch.

    Returns:
        Curves, the best epoch, whether training stopped early.

    Raises:
        FloatingPointError: the loss is not finite; names epoch and batch. The weights stay where they are.
        ValueError, TypeError: data that do not belong together.

    Source: Izmailov and others (2018) for averaged weights.

    >>> generator = torch.Generator().manual_seed(0)
    >>> features = torch.randn(64, 2, generator=generator)
    >>> data = features, (features[:, 0] > 0).long()
    >>> model = nn.Linear(2, 2)
    >>> history = train(model, data, data, TrainingConfig(learning_rate=0.1, max_epochs=20))
    >>> evaluate(model, data).accuracy > 0.95
    True
    """
    check_data("train_data", train_data)
    check_data("validation_data", validation_data)
    model.to(config.device)
    features, labels = (part.to(config.device) for part in train_data)
    run = _Run(model, (features, labels), config, optimizer, augment)
    best, average = _Best(), _Average(config)
    reports: list[EpochReport] = []
    start = time.perf_counter()
    for epoch in range(1, config.max_epochs + 1):
        training = run.epoch(epoch)
        validation = evaluate(model, validation_data)
        if not math.isfinite(validation.loss):
            raise FloatingPointError(
                f"validation loss must be finite, got {validation.loss} after epoch {epoch}"
            )
        is_best = best.offer(epoch, validation.loss, model)
        average.offer(epoch, model)
        seconds = time.perf_counter() - start
        remaining = seconds / epoch * (config.max_epochs - epoch)
        measures = (*training, validation.loss, validation.accuracy)
        reports.append(EpochReport(epoch, config.max_epochs, *measures, is_best, seconds, remaining))
        if progress is not None:
            progress(reports[-1])
        if config.patience is not None and epoch - best.epoch >= config.patience:
            break
    model.load_state_dict(average.weights or best.weights)
    model.eval()
    return History(tuple(reports), best.epoch, stopped_early=len(reports) < config.max_epochs)


class _Best:
    """Weights of the lowest validation loss so far."""

    def __init__(self) -> None:
        self.loss, self.epoch, self.weights = math.inf, 0, {}

    def offer(self, epoch: int, loss: float, model: nn.Module) -> bool:
        if loss >= self.loss:
            return False
        self.loss, self.epoch = loss, epoch
        self.weights = copy_weights(model)
        return True


class _Average:
    """Running mean of the weights after the last epochs; empty where none is asked for."""

    def __init__(self, config: TrainingConfig) -> None:
        self.first = config.max_epochs + 1 - (config.average_last or 0)
        self.weights: dict[str, Tensor] = {}

    def offer(self, epoch: int, model: nn.Module) -> None:
        if epoch < self.first:
            return
        count = epoch - self.first + 1
        fold_into_mean(self.weights, model, count)


class _Run:
    """State that lives from epoch to epoch: optimiser, schedule and the two random streams."""

    def __init__(
        self,
        model: nn.Module,
        data: LabelledFeatures,
        config: TrainingConfig,
        optimizer: torch.optim.Optimizer | None,
        augment: Augment | None,
    ) -> None:
        self.model, self.config, self.augment = model, config, augment
        self.features, self.labels = data
        if optimizer is None:
            optimizer = torch.optim.AdamW(
                model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
            )
        self.optimizer = optimizer
        num_steps = config.max_epochs * math.ceil(len(self.labels) / config.batch_size)
        self.schedule = LambdaLR(self.optimizer, lambda step: rate_factor(config.schedule, step, num_steps))
        # Two streams, so that the order of examples does not depend on what the augmentation draws.
        self.order = torch.Generator().manual_seed(config.seed)
        self.noise = torch.Generator(self.features.device).manual_seed(config.seed + 1)

    def epoch(self, number: int) -> tuple[float, float]:
        """One pass through the data in random order: mean loss and accuracy, weighted by examples."""
        self.model.train()
        total_loss, correct = 0.0, 0
        order = torch.randperm(len(self.labels), generator=self.order).to(self.labels.device)
        for batch, chosen in enumerate(order.split(self.config.batch_size), start=1):
            inputs, targets = self.features[chosen], self.labels[chosen]
            if self.augment is not None:
                inputs = self.augment(inputs, self.noise)
            self.optimizer.zero_grad()
            logits = self.model(inputs)
            loss = functional.cross_entropy(logits, targets)
            value = loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(f"loss must be finite, got {value} in epoch {number}, batch {batch}")
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            total_loss += value * len(targets)
            correct += int((logits.argmax(dim=1) == targets).sum())
        return total_loss / len(self.labels), correct / len(self.labels)
