"""How a run is carried out; nothing here changes its result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hnrc_lib.training.corpora import DataDir
from hnrc_lib.training.report import StepReport

Progress = Callable[[StepReport], None]


def silent(report: StepReport) -> None:
    """Tell nothing."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out; nothing here changes its result.

    Attributes:
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        device: ``"cpu"``, ``"cuda"``, or None for the fastest there is.
        checkpoint_seconds: time between checkpoints, ≥ 0.
        stop: asked after every step whether to stop, with a checkpoint, and go on another time.
        progress: called after every step.
        trackers: names of Accelerate's trackers, for example ``("tensorboard",)``.
        spectra_budget: bytes that the power spectra of a part may take on the device.
    """

    data_dir: DataDir = None
    device: str | None = None
    checkpoint_seconds: float = 60.0
    stop: Callable[[], bool] = lambda: False
    progress: Progress = silent
    trackers: Sequence[str] = ()
    spectra_budget: int = 1 << 30
