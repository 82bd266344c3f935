"""A digit recogniser made smaller: weights in eight bits, and a student of a tenth of its size."""

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hnrc_lib.experiments.recipe_runs import describe_runs, features_of, run_folder
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import make_model
from hnrc_lib.training.building import model_options
from hnrc_lib.training.compress import Cost, measure_cost
from hnrc_lib.training.distill import Distillation, distill
from hnrc_lib.training.engine import RunResult, run_recipe
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.quantize import quantize
from hnrc_lib.training.recipes import make_recipe

NAME = "compression"


@dataclass(frozen=True)
class Config:
    """What is made smaller.

    Attributes:
        held_out: speaker of FSDD on whom everything is measured; the alphabetically first when None.
        channels: of the student's convolutions.
        hidden: units of its hidden layer.
        hard_weights: share of the loss on the labels; 1 is the student that nobody teaches.
        temperature: that softens the teacher's beliefs.
        epochs: of a student's training.
        seeds: of students; each share is tried with every seed.
        num_threads: CPU threads.
    """

    held_out: str | None = None
    channels: tuple[int, ...] = (8, 16, 16)
    hidden: int = 16
    hard_weights: tuple[float, ...] = (1.0, 0.5, 0.0)
    temperature: float = 4.0
    epochs: int = 12
    seeds: tuple[int, ...] = (0, 1, 2)
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Record:
    """Train the recogniser, round its weights, teach students; all measured on the speaker held out.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training run, which goes on there if it was cut short; a temporary one when None.

    Returns:
        Record ``compression``. Scalars: accuracy, bytes and milliseconds of the recogniser (``float32_…``),
        of its rounded copy (``int8_…``) and of a student (``student_…``; its accuracy is the mean over
        seeds without a teacher). Array ``student_accuracy``: by ``hard_weights``, then by seed.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    recipe = make_recipe("digits-cnn", "full", {"held_out": config.held_out})
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        result = run_recipe(recipe, where, RunOptions(data_dir=data_dir, device="cpu"))
        features, labels = features_of(result, "test")
        _, rounded = quantize(result.model, features, labels)
        accuracy, cost = _students(config, result, features, labels)
    scalars = _named("float32", rounded.before) | _named("int8", rounded.after) | _named("student", cost)
    scalars["student_accuracy"] = float(accuracy[0].mean())
    provenance = describe_runs(f"FSDD, {result.parts.test.speakers[0]} held out", [result], asdict(config))
    arrays = {"student_accuracy": accuracy, "hard_weights": np.array(config.hard_weights)}
    return Record(NAME, provenance, scalars, arrays)


def _students(config: Config, result: RunResult, features: Tensor, labels: Tensor) -> tuple[np.ndarray, Cost]:
    """Accuracy of every student, and the cost of one."""
    train = features_of(result, "train")
    accuracy = np.zeros((len(config.hard_weights), len(config.seeds)))
    student: nn.Module = nn.Identity()
    for row, weight in enumerate(config.hard_weights):
        for column, seed in enumerate(config.seeds):
            student = _untaught(config, result, seed)
            how = Distillation(temperature=config.temperature, hard_weight=weight, epochs=config.epochs)
            distill(student, result.model, *train, how, torch.Generator().manual_seed(seed))
            with torch.no_grad():
                found = student(features).argmax(dim=1)
            accuracy[row, column] = (found == labels).double().mean().item()
    return accuracy, measure_cost(student, features, labels)


def _untaught(config: Config, result: RunResult, seed: int) -> nn.Module:
    sizes: dict[str, Any] = model_options(result.recipe, result.task)
    sizes |= {"channels": config.channels, "hidden": config.hidden}
    return make_model("CNN", **sizes, generator=torch.Generator().manual_seed(seed))


def _named(name: str, cost: Cost) -> dict[str, float | int]:
    return {
        f"{name}_accuracy": cost.accuracy,
        f"{name}_bytes": cost.num_bytes,
        f"{name}_milliseconds": cost.milliseconds,
    }
