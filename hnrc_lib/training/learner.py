"""One step of training: features, loss, gradient, clipping, update; what is not finite changes nothing."""

import contextlib
import math
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from hnrc_lib.curvature import rerouted
from hnrc_lib.models import apply_model, output_lengths
from hnrc_lib.optim import CurvatureOptimizer
from hnrc_lib.optim.attachment import hooked_optimizer
from hnrc_lib.optim.clipping import ClippingRule, ClipReport, clip_gradients
from hnrc_lib.optim.clipping.norms import global_norm
from hnrc_lib.optim.curvature_optimizer import PRODUCT_COST
from hnrc_lib.training.augmentation import Augmenter
from hnrc_lib.training.batching import mix_seed, share_of_process
from hnrc_lib.training.optimizers import needs_gradient_graph
from hnrc_lib.training.resident import ResidentCorpus, Rows
from hnrc_lib.training.tasks import Task

MAX_SKIPPED_IN_A_ROW = 10


@dataclass(frozen=True)
class StepOutcome:
    """What one step did.

    Attributes:
        loss: mean over the batch, in nats.
        grad_norm: ‖g‖ before clipping.
        clipped: whether it was above the threshold.
        skipped: whether loss or gradient was not finite, so that the weights stayed as they were.
        cost: in gradients; 1 unless second derivatives were taken.
    """

    loss: float
    grad_norm: float
    clipped: bool
    skipped: bool
    cost: float = 1.0


class Learner:
    """Model, optimiser and data of a run, and the step that brings them together.

    Args:
        accelerator: places tensors, averages gradients over processes, scales losses in half precision.
        model: prepared by it.
        optimizer: prepared by it; one of ours that takes second derivatives steps by a closure.
        task: the loss.
        resident: training utterances on the device.
        targets: of those utterances.
        augmenter: makes features of their spectra.
        clip: rule for the gradient; None never clips.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        task: Task,
        resident: ResidentCorpus,
        targets: Rows,
        augmenter: Augmenter,
        clip: ClippingRule | None,
    ) -> None:
        self.accelerator, self.model, self.optimizer = accelerator, model, optimizer
        self.task, self.resident, self.targets = task, resident, targets
        self.augmenter, self.clip = augmenter, clip
        inner = hooked_optimizer(optimizer)  # Accelerate wraps what it prepares
        self._curved = inner if isinstance(inner, CurvatureOptimizer) else None
        self._clipping = (
            clip_gradients(inner, clip) if self._curved is not None and clip is not None else None
        )
        self._needs_graph = needs_gradient_graph(inner)
        if self._needs_graph and accelerator.num_processes > 1:
            raise ValueError(f"{type(inner).__name__} must run in one process: its products are not averaged")
        self._skipped_in_a_row = 0

    def step(self, batch: list[int], epoch: int, step: int) -> StepOutcome:
        """One update on a batch.

        Raises:
            FloatingPointError: ten steps in a row whose loss or gradient was not finite.
        """
        mine, count = share_of_process(batch, self.accelerator.process_index, self.accelerator.num_processes)
        # Dropout draws from the global generator: a function of seed, step and process, as all else here.
        torch.manual_seed(mix_seed(self.augmenter.seed, step, self.accelerator.process_index, 3))
        self.model.train()
        take = self._first_order if self._curved is None else self._second_order
        outcome = take(mine, count, len(batch), epoch)
        self._guard(outcome, epoch, step)
        return outcome

    def _first_order(self, mine: list[int], count: int, size: int, epoch: int) -> StepOutcome:
        self.optimizer.zero_grad()
        twice = self._needs_graph
        with rerouted(move_statistics=True) if twice else contextlib.nullcontext():
            logits, frames, chosen = self._outputs(mine, epoch)
            losses = self.task.losses(logits, frames, self.targets, chosen)[:count]
        # The processes' gradients are averaged: their sum over the whole batch's size is the batch's mean.
        share = losses.sum() / size
        if twice:
            self._differentiate(share)
        else:
            self.accelerator.backward(share * self.accelerator.num_processes)
        loss = float(self.accelerator.reduce(share.detach(), "sum"))  # pyright: ignore[reportArgumentType]
        report = self._clip()
        skipped = not (math.isfinite(loss) and math.isfinite(report.norm_before))
        if skipped and self.accelerator.scaler is None:
            self.optimizer.zero_grad()
        else:  # a loss scaler skips by itself, and lowers its scale
            self.optimizer.step()
        cost = 1.0 + PRODUCT_COST["hessian"] * twice
        return StepOutcome(loss, report.norm_before, report.clipped, skipped, cost)

    def _differentiate(self, loss: Tensor) -> None:
        """Gradients on their graph; ``backward`` would warn of the cycle that ``zero_grad`` breaks."""
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            # A copy: custom functions return views, which clipping in place would not be allowed to change.
            parameter.grad = None if gradient is None else gradient.clone()

    def _second_order(self, mine: list[int], count: int, size: int, epoch: int) -> StepOutcome:
        assert self._curved is not None
        model = self.accelerator.unwrap_model(self.model)  # the optimiser averages over processes by itself
        features, frames, chosen = self._features(mine, epoch)
        weights = torch.zeros(len(mine), device=self.resident.device)
        weights[:count] = self.accelerator.num_processes / size

        def closure() -> tuple:
            logits = apply_model(model, features, frames)
            lengths = output_lengths(model, frames)
            losses = self.task.losses(logits, lengths, self.targets, chosen)[:count]
            loss = (weights[:count] * losses).sum()
            if self._curved.curvature.matrix == "fisher":  # pyright: ignore[reportOptionalMemberAccess]
                return loss, losses
            shape = (-1, *[1] * (logits.ndim - 1))
            return (
                loss,
                logits,
                lambda v: (
                    weights.view(shape) * self.task.curve(logits.detach(), v, lengths, self.targets, chosen)
                ),
            )

        loss = float(self._curved.step(closure))
        info = self._curved.last_step
        assert info is not None
        clipped = self._clipping is not None and bool(getattr(self._clipping.last_report, "clipped", False))
        finite = math.isfinite(loss) and math.isfinite(info.gradient_norm)
        return StepOutcome(loss, info.gradient_norm, clipped and finite, not finite, info.cost)

    def _features(self, mine: list[int], epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        chosen = torch.tensor(mine, device=self.resident.device)
        with torch.no_grad():
            spectra, frames = self.resident.spectra(chosen)
            features, frames = self.augmenter(spectra, frames, mine, epoch)
        return features, frames, chosen

    def _outputs(self, mine: list[int], epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        features, frames, chosen = self._features(mine, epoch)
        with self.accelerator.autocast():
            logits = apply_model(self.model, features, frames)
        return logits, output_lengths(self.model, frames), chosen

    def _clip(self) -> ClipReport:
        """Clip the gradients that there are, once they are free of the loss scaler's factor."""
        self.accelerator.unscale_gradients()
        present = [p for p in self.model.parameters() if p.grad is not None]
        gradients = [p.grad for p in present if p.grad is not None]
        if self.clip is not None:
            return self.clip(gradients, present)
        norm = global_norm(gradients)
        return ClipReport(norm, norm, 0.0, 0.0, False)

    def _guard(self, outcome: StepOutcome, epoch: int, step: int) -> None:
        self._skipped_in_a_row = self._skipped_in_a_row + 1 if outcome.skipped else 0
        if self._skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW:
            raise FloatingPointError(
                f"loss and gradient must be finite, got loss {outcome.loss} and gradient norm "
                f"{outcome.grad_norm} in epoch {epoch}, step {step}, the {MAX_SKIPPED_IN_A_ROW}th step in a "
                "row; the weights are those before these steps: lower the learning rate or clip"
            )
