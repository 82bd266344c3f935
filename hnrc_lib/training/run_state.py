"""Where a run stands: everything besides the recipe that the next step depends on."""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from torch import Tensor, nn

from hnrc_lib.training.checkpoint import Checkpoint, pack_state, unpack_state
from hnrc_lib.training.kept_weights import copy_weights


@dataclass(frozen=True)
class EpochMeasures:
    """An epoch in numbers.

    Attributes:
        epoch: its number, from 1.
        train_loss: mean over its steps, as the weights moved.
        validation_loss: after it.
        validation_error: after it, in the task's unit.
        validation_word_error: after it.
        clipped_fraction: of its steps.
        learning_rate: at its last step.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    validation_error: float
    validation_word_error: float
    clipped_fraction: float
    learning_rate: float


@dataclass
class RunState:
    """Counters, curves and kept weights of a run.

    Attributes:
        step: steps done.
        epoch: epoch that is under way, from 1.
        batch: batches of it that are done.
        losses: training loss of every step.
        grad_norms: norm of the gradient before clipping, of every step.
        clipped: of every step, whether it was clipped.
        skipped: steps whose loss or gradient was not finite.
        epochs: measures of the finished epochs.
        best_error: lowest validation error so far.
        best_epoch: its epoch.
        best: weights then.
        average: mean of the weights after the last epochs.
        seconds: of training so far, over all its parts.
        cpu_seconds: of this process, likewise; on a machine that others use too, the fairer measure.
        utterances: trained on so far.
        clipping: what the clipping rule remembers.
    """

    step: int = 0
    epoch: int = 1
    batch: int = 0
    losses: list[float] = field(default_factory=list)
    grad_norms: list[float] = field(default_factory=list)
    clipped: list[bool] = field(default_factory=list)
    skipped: int = 0
    epochs: list[EpochMeasures] = field(default_factory=list)
    best_error: float = math.inf
    best_epoch: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    utterances: int = 0
    clipping: dict[str, Any] = field(default_factory=dict)

    def keep_best(self, error: float, model: nn.Module) -> bool:
        """Keep the weights if they validate better than all before."""
        if error >= self.best_error:
            return False
        self.best_error, self.best_epoch = error, self.epoch
        self.best = copy_weights(model)
        return True

    def checkpoint(self, model: nn.Module, optimizer: Any, scaler: Any) -> Checkpoint:
        """All of it, with the weights, the optimiser's state and the loss scaler's, as a checkpoint."""
        tensors: dict[str, Tensor] = {}
        for prefix, weights in (
            ("model", model.state_dict()),
            ("best", self.best),
            ("average", self.average),
        ):
            tensors |= {f"{prefix}.{name}": value for name, value in weights.items()}
        values = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if item.name not in ("best", "average")
        }
        values["epochs"] = [asdict(one) for one in self.epochs]
        values["optimizer"] = pack_state("optimizer", optimizer.state_dict(), tensors)
        values["scaler"] = None if scaler is None else pack_state("scaler", scaler.state_dict(), tensors)
        return Checkpoint(self.step, tensors, values)


def restore(checkpoint: Checkpoint, model: nn.Module, optimizer: Any, scaler: Any) -> RunState:
    """Put weights and optimiser back as they were, and return the rest."""
    device = next(model.parameters()).device

    def under(prefix: str) -> dict[str, Tensor]:
        found = {
            n.removeprefix(f"{prefix}."): v
            for n, v in checkpoint.tensors.items()
            if n.startswith(f"{prefix}.")
        }
        return {name: value.to(device) for name, value in found.items()}

    values = dict(checkpoint.values)
    model.load_state_dict(under("model"))
    optimizer.load_state_dict(unpack_state(values.pop("optimizer"), checkpoint.tensors))
    scaler_state = values.pop("scaler")
    if scaler is not None and scaler_state is not None:
        scaler.load_state_dict(unpack_state(scaler_state, checkpoint.tensors))
    values["epochs"] = [EpochMeasures(**one) for one in values["epochs"]]
    return RunState(**values, best=under("best"), average=under("average"))


def kept_weights(state: RunState) -> dict[str, Tensor]:
    """The average where one was asked for and begun, else the weights that validated best."""
    return state.average or state.best
