"""Digits of voices never heard: every speaker of FSDD held out in turn."""

import os
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from hnrc_lib.datasets.fsdd import SPEAKERS
from hnrc_lib.experiments.recipe_runs import (
    costs,
    curves,
    describe_runs,
    held_out_in_turn,
    run_folder,
)
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.training.engine import RunResult
from hnrc_lib.training.evaluation import confusion_matrix, wilson_interval
from hnrc_lib.training.options import Progress, RunOptions, silent

NAME = "fsdd_speakers"
NUM_CLASSES = 10


@dataclass(frozen=True)
class Config:
    """What is trained.

    Attributes:
        recipe: name of a recipe on isolated digits.
        changes: of its fields.
        device: where.
        num_threads: CPU threads.
    """

    recipe: str = "digits-cnn"
    changes: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Record:
    """Train on all speakers but one and the synthetic English voices, recognise that one; for every speaker.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training runs, which go on there if they were cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``fsdd_speakers``. Scalars: ``accuracy_SPEAKER`` on every take of each speaker held out,
        their mean ``accuracy_mean`` and sample deviation ``accuracy_deviation``, the Wilson interval of all
        takes together, costs. Arrays: ``confusion`` summed over speakers, ``accuracy`` by speaker, curves of
        the first run.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    options = RunOptions(data_dir=data_dir, device=config.device, progress=progress)
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        results = held_out_in_turn(config.recipe, config.changes, where, options)
        counts = [_confusion(result) for result in results]
    speakers = [result.recipe.held_out for result in results]
    confusion, accuracy = np.sum(counts, axis=0), [count.trace() / count.sum() for count in counts]
    low, high = wilson_interval(int(confusion.trace()), int(confusion.sum()))
    scalars = {f"accuracy_{speaker}": value for speaker, value in zip(speakers, accuracy, strict=True)} | {
        "accuracy_mean": float(np.mean(accuracy)),
        "accuracy_deviation": float(np.std(accuracy, ddof=1)),
        "accuracy_low": low,
        "accuracy_high": high,
        "num_takes": int(confusion.sum()),
    }
    corpus = f"FSDD, {len(speakers)} of {len(SPEAKERS)} speakers, each held out in turn"
    if results[0].recipe.corpus != "fsdd":
        corpus += ", and 20 synthetic voices to train on"
    provenance = describe_runs(corpus, results, asdict(config))
    scale = "reduced" if config.changes else "full"
    arrays = {"confusion": confusion, "accuracy": np.array(accuracy)} | curves(results[0])
    return Record(NAME, replace(provenance, scale=scale), scalars | costs(results), arrays)


def _confusion(result: RunResult) -> np.ndarray:
    assert result.test is not None
    found = torch.tensor([int(text) for text in result.test.texts])
    labels = torch.tensor(result.parts.test.labels)
    return confusion_matrix(labels, found, NUM_CLASSES).numpy()
