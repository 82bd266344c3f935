"""What the panel's trainings gave, and the recorded run that lies nearest to one."""

import math
from dataclasses import dataclass, field

import numpy as np

from hnrc_lib.experiments.record import Record
from hnrc_lib.panel.settings import PanelSettings, clip_and_decay
from hnrc_lib.panel.training import Outcome
from hnrc_lib.training.report import StepReport


@dataclass
class Result:
    """One training as far as it has come.

    Attributes:
        settings: of the controls when it began.
        losses: of every step, on its batch, in nats.
        clipped: fraction of the steps of the epoch under way that were clipped.
        epochs: step and validation error at the end of every epoch.
        outcome: how it ended; None while it is under way.
    """

    settings: PanelSettings
    losses: list[float] = field(default_factory=list)
    clipped: float = 0.0
    epochs: list[tuple[int, float]] = field(default_factory=list)
    outcome: Outcome | None = None

    def add(self, report: StepReport) -> None:
        """Keep what a step gave."""
        self.losses.append(report.loss)
        self.clipped = report.clipped_fraction
        if report.finished_epoch is not None:
            self.epochs.append((report.step, report.finished_epoch.validation_error))

    def smoothed(self, window: int = 8) -> np.ndarray:
        """Mean loss of each step and those before it, at most ``window`` of them; NaN where one is no number.

        >>> Result(PanelSettings(), [4.0, 2.0, 0.0]).smoothed(2).tolist()
        [4.0, 3.0, 1.0]
        """
        losses = np.where(np.isfinite(self.losses), self.losses, np.nan)
        places = range(1, len(losses) + 1)
        return np.array([losses[max(0, end - window) : end].mean() for end in places])


@dataclass(frozen=True)
class RecordedCurve:
    """The training loss of a recorded combination, the mean of its seeds.

    Attributes:
        label: the combination and where it was recorded.
        steps: (n,).
        loss: (n,), in nats, on a fixed part of the training utterances.
    """

    label: str
    steps: np.ndarray
    loss: np.ndarray


def nearest_recorded(record: Record, settings: PanelSettings) -> RecordedCurve | None:
    """The recorded combination of damping, decay and clipping nearest to some settings.

    Args:
        record: ``sweep``.
        settings: of the panel.

    Returns:
        None where nothing like it was recorded: another model than the CNN, or AdamW. Distances are those of
        logarithms; plain SGD stands for infinite damping.
    """
    if settings.model != "CNN" or settings.optimizer == "AdamW":
        return None
    damping = settings.damping if settings.is_damped else math.inf
    axes = {"damping": damping, "decay": settings.decay, "clip": settings.clip}
    place = tuple(_nearest(record.arrays[name], value) for name, value in axes.items())
    damping, decay, clip = (float(record.arrays[name][at]) for name, at in zip(axes, place, strict=True))
    rule = "SGD" if math.isinf(damping) else f"λ {damping:g}"
    label = f"recorded on {record.provenance.corpus}: {rule}, {clip_and_decay(clip, decay)}"
    return RecordedCurve(label, record.arrays["steps"], record.arrays["train_loss"][place].mean(axis=0))


def _nearest(axis: np.ndarray, value: float) -> int:
    """Place of the entry whose logarithm is nearest; infinity and 0 are near themselves alone."""
    special = [place for place, entry in enumerate(axis) if entry == value]
    if special:
        return special[0]
    plain = [place for place, entry in enumerate(axis) if 0 < entry < math.inf]
    return min(plain, key=lambda place: abs(math.log(axis[place] / value)))
