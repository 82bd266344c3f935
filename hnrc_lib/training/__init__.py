"""Training: a plain loop, its progress, and what comes out of it."""

from hnrc_lib.training.augment import RandomWarp, warp_spectrograms
from hnrc_lib.training.config import TrainingConfig
from hnrc_lib.training.evaluation import (
    Evaluation,
    confusion_matrix,
    evaluate,
    mcnemar_test,
    wilson_interval,
)
from hnrc_lib.training.loop import History, train
from hnrc_lib.training.progress import EpochReport, console_progress

__all__ = [
    "EpochReport",
    "Evaluation",
    "History",
    "RandomWarp",
    "TrainingConfig",
    "confusion_matrix",
    "console_progress",
    "evaluate",
    "mcnemar_test",
    "train",
    "warp_spectrograms",
    "wilson_interval",
]
