"""One step of training: features, loss, gradient, clipping, update; what is not finite changes nothing."""

import math
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from hnrc_lib.models import apply_model, output_lengths
from hnrc_lib.training.augmentation import Augmenter
from hnrc_lib.training.batching import mix_seed, share_of_process
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
    """

    loss: float
    grad_norm: float
    clipped: bool
    skipped: bool


class Learner:
    """Model, optimiser and data of a run, and the step that brings them together.

    Args:
        accelerator: places tensors, averages gradients over processes, scales losses in half precision.
        model: prepared by it.
        optimizer: prepared by it.
        task: the loss.
        resident: training utterances on the device.
        targets: of those utterances.
        augmenter: makes features of their spectra.
        clip: greatest norm of the gradient, > 0; None never clips.
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
        clip: float | None,
    ) -> None:
        self.accelerator, self.model, self.optimizer = accelerator, model, optimizer
        self.task, self.resident, self.targets = task, resident, targets
        self.augmenter, self.clip = augmenter, clip
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
        self.optimizer.zero_grad()
        losses = self._losses(mine, epoch)[:count]
        # The processes' gradients are averaged: their sum over the whole batch's size is the batch's mean.
        share = losses.sum() / len(batch)
        self.accelerator.backward(share * self.accelerator.num_processes)
        loss = float(self.accelerator.reduce(share.detach(), "sum"))  # pyright: ignore[reportArgumentType]
        grad_norm = self._clip()
        skipped = not (math.isfinite(loss) and math.isfinite(grad_norm))
        self._guard(skipped, loss, grad_norm, epoch, step)
        if skipped and self.accelerator.scaler is None:
            self.optimizer.zero_grad()
        else:  # a loss scaler skips by itself, and lowers its scale
            self.optimizer.step()
        clipped = self.clip is not None and grad_norm > self.clip
        return StepOutcome(loss, grad_norm, clipped, skipped)

    def _losses(self, mine: list[int], epoch: int) -> Tensor:
        chosen = torch.tensor(mine, device=self.resident.device)
        with torch.no_grad():
            spectra, frames = self.resident.spectra(chosen)
            features, frames = self.augmenter(spectra, frames, mine, epoch)
        with self.accelerator.autocast():
            logits = apply_model(self.model, features, frames)
        return self.task.losses(logits, output_lengths(self.model, frames), self.targets, chosen)

    def _clip(self) -> float:
        limit = math.inf if self.clip is None else self.clip
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), limit)
        assert norm is not None
        return float(norm)

    def _guard(self, skipped: bool, loss: float, grad_norm: float, epoch: int, step: int) -> None:
        self._skipped_in_a_row = self._skipped_in_a_row + 1 if skipped else 0
        if self._skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW:
            raise FloatingPointError(
                f"loss and gradient must be finite, got loss {loss} and gradient norm {grad_norm} in epoch "
                f"{epoch}, step {step}, the {MAX_SKIPPED_IN_A_ROW}th step in a row; the weights are those "
                "before these steps: lower the learning rate or clip"
            )
