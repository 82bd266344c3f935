"""A task of the comparison made ready: data on the device, and one run of one optimiser over it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from hnrc_lib.datasets import Corpus
from hnrc_lib.models import num_parameters, output_lengths
from hnrc_lib.optim.clipping import make_clipping
from hnrc_lib.training.augmentation import Augmenter
from hnrc_lib.training.batching import bucketed_batches
from hnrc_lib.training.building import build_model, make_task
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.learner import Learner, StepOutcome
from hnrc_lib.training.measures import measure, outputs_by_length
from hnrc_lib.training.optimizers import make_optimizer
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.resident import ResidentCorpus
from hnrc_lib.training.schedule import rate_factor

_EVALUATED = 256
_SPECTRA_BUDGET = 2 * 2**30


@dataclass(frozen=True)
class Point:
    """Where a run stands.

    Attributes:
        step: steps done.
        cost: in gradients, by the optimiser's own count.
        seconds: of CPU time in steps; evaluations are not in it.
        train_loss: mean over a fixed part of the training utterances, in nats.
        test_error: fraction of utterances or words of the held-out speaker that were misread.
    """

    step: int
    cost: float
    seconds: float
    train_loss: float
    test_error: float


@dataclass(frozen=True)
class Budget:
    """When a run ends, whichever comes first.

    Attributes:
        steps: > 0.
        seconds: of CPU time in steps, > 0.
        points: evaluations, at equal distances of steps; one more before the first step.
    """

    steps: int
    seconds: float = 20.0
    points: int = 12

    def evaluated(self) -> list[int]:
        """Steps after which a run is evaluated, from 0 on, if no time runs out.

        >>> Budget(5, points=2).evaluated()
        [0, 3, 5]
        """
        parts = [step * self.points // self.steps for step in range(self.steps + 1)]
        return [0, *(step for step in range(1, self.steps + 1) if parts[step] > parts[step - 1])]


class Track:
    """A recipe's task on one split, on the CPU, without augmentation.

    Args:
        recipe: model, front end, batch size.
        parts: of the corpus; the first utterances of the training and test part are those evaluated.
    """

    def __init__(self, recipe: Recipe, parts: Parts) -> None:
        self.recipe, self.parts = recipe, parts
        self.task = make_task(recipe, parts)
        self.train = ResidentCorpus(parts.train, recipe.front_end, "cpu", _SPECTRA_BUDGET)
        self.targets = self.task.encode(parts.train, "cpu")
        self.seen, self.unseen = self._part(parts.train), self._part(parts.test)
        model = build_model(recipe, self.task)
        self.num_parameters = num_parameters(model)
        enough = output_lengths(model, self.train.frames) >= self.task.needed_frames(self.targets)
        if recipe.front_end.num_frames is not None:
            enough[:] = True
        self.kept = enough.nonzero()[:, 0].tolist()

    def run(self, optimizer: str, settings: Mapping[str, Any], budget: Budget, seed: int) -> list[Point]:
        """Train once.

        Args:
            optimizer: name that ``make_optimizer`` takes.
            settings: its options, with ``learning_rate``, ``weight_decay`` and ``clip``.
            budget: when it ends.
            seed: of weights and order.

        Returns:
            A point before the first step and at each evaluation; where the loss became infinite or NaN the
            last point has an infinite loss, at the step where the run was given up.
        """
        learner, made = self.learner(optimizer, settings, seed)
        return self.train_learner(learner, made, budget, seed)

    def learner(
        self, optimizer: str, settings: Mapping[str, Any], seed: int
    ) -> tuple[Learner, torch.optim.Optimizer]:
        """What ``run`` trains, before the first step; arguments as there."""
        from accelerate import Accelerator

        options = dict(settings)
        clip, rate = options.pop("clip", None), options.pop("learning_rate")
        decay = options.pop("weight_decay", 0.0)
        recipe = replace(self.recipe, seed=seed)
        model = build_model(recipe, self.task)
        made = make_optimizer(
            optimizer, model.named_parameters(), learning_rate=rate, weight_decay=decay, **options
        )
        augmenter = Augmenter(recipe.augmentation, recipe.front_end, seed, torch.device("cpu"))
        accelerator, clipping = Accelerator(cpu=True), make_clipping(clip)
        return (
            Learner(accelerator, model, made, self.task, self.train, self.targets, augmenter, clipping),
            made,
        )

    def train_learner(
        self,
        learner: Learner,
        optimizer: torch.optim.Optimizer,
        budget: Budget,
        seed: int,
        watch: Callable[[int, StepOutcome], None] | None = None,
    ) -> list[Point]:
        """Train what ``learner`` made.

        Args:
            learner, optimizer: of ``learner``; the learning rate is the first group's.
            budget: when it ends.
            seed: of the order.
            watch: called after every step with its number, from 1, and its outcome.

        Returns:
            As ``run``.
        """
        rate = optimizer.param_groups[0]["lr"]
        points, cost, seconds = [self._point(learner, 0, 0.0, 0.0)], 0.0, 0.0
        epoch, batches = 0, []
        evaluated = set(budget.evaluated())
        for step in range(budget.steps):
            if not batches:
                epoch += 1
                frames = self.train.frames[self.kept]
                plan = bucketed_batches(frames, self.recipe.batch_size, seed=seed, epoch=epoch)
                batches = [[self.kept[place] for place in batch] for batch in plan]
            for group in optimizer.param_groups:
                group["lr"] = rate * rate_factor(self.recipe.schedule, step, budget.steps)
            begun = time.process_time()
            try:
                outcome = learner.step(batches.pop(), epoch, step)
            except FloatingPointError:  # ten steps in a row that were not finite: the run has diverged
                points.append(Point(step, cost, seconds, math.inf, 1.0))
                return points
            seconds += time.process_time() - begun
            cost += outcome.cost
            if watch is not None:
                watch(step + 1, outcome)
            if step + 1 in evaluated or seconds >= budget.seconds:
                points.append(self._point(learner, step + 1, cost, seconds))
                if not math.isfinite(points[-1].train_loss) or seconds >= budget.seconds:
                    break
        return points

    def _point(self, learner: Learner, step: int, cost: float, seconds: float) -> Point:
        loss = self._loss(learner.model)
        if math.isfinite(loss):
            error = measure(learner.model, self.task, *self.unseen).word_error
        else:  # nothing can be read from outputs that are no numbers
            error = 1.0
        return Point(step, round(cost, 2), round(seconds, 3), loss, error)

    @torch.no_grad()
    def _loss(self, model: nn.Module) -> float:
        """Mean over the evaluated training utterances; infinite where it is not finite."""
        _, resident, targets = self.seen
        losses = [
            self.task.losses(logits, heard, targets, chosen).double()
            for chosen, logits, heard in outputs_by_length(model, resident)
        ]
        mean = float(torch.cat(losses).mean())
        return mean if math.isfinite(mean) else math.inf

    def _part(self, corpus: Corpus) -> tuple[Corpus, ResidentCorpus, Any]:
        """Utterances spread over a corpus, on the device."""
        stride = max(1, len(corpus) // _EVALUATED)
        part = replace(corpus[::stride][:_EVALUATED], name=f"{corpus.name}, evaluated")
        resident = ResidentCorpus(part, self.recipe.front_end, "cpu", _SPECTRA_BUDGET)
        return part, resident, self.task.encode(part, "cpu")


def as_json(points: list[Point]) -> list[dict[str, Any]]:
    """Points as JSON holds them; an infinite loss as None.

    >>> as_json([Point(1, 1.0, 0.1, math.inf, 1.0)])[0]["train_loss"] is None
    True
    """
    rows = [asdict(point) for point in points]
    return [{k: None if v == math.inf else v for k, v in row.items()} for row in rows]
