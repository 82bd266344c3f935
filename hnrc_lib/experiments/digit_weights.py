"""One small recogniser of digits for the page that runs it, trained clipped, damped and unclipped."""

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from hnrc_lib.experiments.recipe_runs import costs, describe_runs, features_of, run_folder
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.recognition.weights import pack_weights
from hnrc_lib.training.corpora import Parts, load_parts
from hnrc_lib.training.engine import RunResult, run_recipe
from hnrc_lib.training.evaluation import confusion_matrix, wilson_interval
from hnrc_lib.training.options import Progress, RunOptions, silent
from hnrc_lib.training.quantize import quantize
from hnrc_lib.training.recipes import make_recipe

NAME = "digit_weights"
NUM_CLASSES = 10
_SGD = {"optimizer": "sgd", "optimizer_options": {"momentum": 0.9}}
# One rate for all, near the one that the record ``optimisers`` found for SGD; HNRC's is λ times it, so that
# without curvature the three would be one. The damped one has no clip: what shortens its steps is curvature.
METHODS: dict[str, dict[str, Any]] = {
    "clipped": {**_SGD, "learning_rate": 0.03, "clip": 1.0},
    "damped": {
        "optimizer": "hnrc",
        "optimizer_options": {
            "damping": 20.0,
            "rank": 1,
            "momentum": 0.9,
            "matrix": "ggn",
            "directions": "momentum",
            "refresh": 4,
            "safeguard": "none",
        },
        "learning_rate": 0.6,
        "clip": None,
    },
    "unclipped": {**_SGD, "learning_rate": 0.03, "clip": None},
}


@dataclass(frozen=True)
class Config:
    """What is trained.

    Attributes:
        held_out: speaker of FSDD on whom everything is measured; the alphabetically first when None, a rule
            that cannot follow the result.
        channels: of the convolutions.
        hidden: units of the hidden layer; with the channels at most 25 000 parameters.
        epochs: of each training.
        average_last: epochs whose final weights are averaged.
        seed: of initial weights, order and augmentation, the same for all three.
        num_threads: CPU threads.
    """

    held_out: str | None = None
    channels: tuple[int, ...] = (16, 32, 32)
    hidden: int = 32
    epochs: int = 14
    average_last: int = 5
    seed: int = 0
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Record:
    """Train by SGD with and without clipping and by damped HNRC; round the weights to eight bits.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training runs, which go on there if they were cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``digit_weights``. For each of ``METHODS``, scalars ``NAME/accuracy`` on every take of the
        speaker held out, ``NAME/accuracy_int8`` of the rounded weights with its Wilson interval, the
        greatest norm of a gradient and the share of steps whose gradient was longer than the clip. Arrays:
        ``NAME/weights/…``, the rounded weights as ``pack_weights`` stores them, ``NAME/confusion`` of those
        weights (digit said, digit heard), ``NAME/validation_loss`` and ``NAME/validation_error`` by epoch.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    options = RunOptions(data_dir=data_dir, device="cpu", progress=progress)
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        recipe = _recipe(config, "clipped")
        parts = load_parts(recipe.corpus, held_out=recipe.held_out, data_dir=data_dir)
        results = {
            name: run_recipe(_recipe(config, name), where / name, options, parts=parts) for name in METHODS
        }
        measured = [_measured(name, result) for name, result in results.items()]
    scalars: dict[str, Any] = {"held_out": parts.test.speakers[0], "num_takes": len(parts.test)}
    arrays: dict[str, np.ndarray] = {}
    for more_scalars, more_arrays in measured:
        scalars |= more_scalars
        arrays |= more_arrays
    provenance = describe_runs(_corpus(parts), list(results.values()), asdict(config) | {"methods": METHODS})
    return Record(NAME, provenance, scalars | costs(list(results.values())), arrays)


def _recipe(config: Config, name: str) -> Any:
    return make_recipe(
        "digits-cnn",
        "full",
        {
            "held_out": config.held_out,
            "model": {"channels": config.channels, "hidden": config.hidden},
            "max_epochs": config.epochs,
            "average_last": config.average_last,
            "seed": config.seed,
            **METHODS[name],
        },
    )


def _corpus(parts: Parts) -> str:
    voices = sum(speaker.startswith("en-") for speaker in parts.train.speakers)
    people = len(parts.train.speakers) - voices
    return (
        f"FSDD, {people} speakers and {voices} synthetic voices trained on, {parts.test.speakers[0]} held out"
    )


def _measured(name: str, result: RunResult) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    features, labels = features_of(result, "test")
    rounded, cost = quantize(result.model, features, labels)
    with torch.inference_mode():
        found = rounded(features).argmax(dim=1)
    confusion = confusion_matrix(labels, found, NUM_CLASSES)
    low, high = wilson_interval(int(confusion.trace()), len(labels))
    norms = np.array(result.state.grad_norms)
    limit = METHODS["clipped"]["clip"]
    scalars = {
        "accuracy": cost.before.accuracy,
        "accuracy_int8": cost.after.accuracy,
        "accuracy_int8_low": low,
        "accuracy_int8_high": high,
        "bytes_int8": cost.after.num_bytes,
        "greatest_gradient": float(norms.max()),
        "steps_over_clip": float((norms > limit).mean()),
    }
    epochs = result.state.epochs
    arrays = {
        "confusion": confusion.numpy().astype(np.int16),
        "validation_loss": np.array([epoch.validation_loss for epoch in epochs]),
        "validation_error": np.array([epoch.validation_error for epoch in epochs]),
    }
    stored = pack_weights(result.model.state_dict(), "int8")
    arrays |= {f"weights/{key}": value.numpy() for key, value in stored.items()}
    return {f"{name}/{key}": value for key, value in scalars.items()}, {
        f"{name}/{key}": value for key, value in arrays.items()
    }
