"""Task, model and accelerator of a recipe."""

from dataclasses import replace
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn

from hnrc_lib.models import CNN, make_model
from hnrc_lib.models.registry import ARCHITECTURES
from hnrc_lib.sequence import Vocabulary
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.hybrid.making import make_frames_task
from hnrc_lib.training.optimizers import takes_curvature
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.precision import mixed_precision
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.tasks import ClassifyTask, CTCTask, Task


def make_task(recipe: Recipe, parts: Parts, folder: Path | None = None) -> Task:
    """The recipe's task over the corpus's classes, symbols or states, which the training part names.

    Args:
        recipe: what to train.
        parts: of the corpus.
        folder: keeps what is long to make, the Gaussians that align frames; None keeps nothing.

    Raises:
        ValueError: an utterance to classify has no label, or the parts do not fit the hidden Markov model.
    """
    if recipe.hybrid is not None:
        heard = replace(parts, train=parts.train[: recipe.train_limit])
        return make_frames_task(recipe.hybrid, recipe.front_end, heard, folder)
    if recipe.task == "classify":
        labels = [utterance.label for utterance in parts.train]
        if None in labels:
            raise ValueError(f"every utterance of {parts.train.name!r} must have a label")
        return ClassifyTask(1 + max(label for label in labels if label is not None))
    texts = [utterance.text for utterance in parts.train]
    if recipe.task == "ctc":
        return CTCTask(Vocabulary.of_characters(texts))
    return CTCTask(Vocabulary(tuple(sorted({word for text in texts for word in text.split()}))))


def model_options(recipe: Recipe, task: Task) -> dict:
    """Every argument of the recipe's architecture, the numbers of features, frames and outputs included.

    Raises:
        ValueError: an architecture of fixed size and a front end that does not stretch time.
    """
    front_end = recipe.front_end
    if ARCHITECTURES.get(recipe.architecture) is CNN:
        if front_end.num_frames is None:
            raise ValueError("front_end.num_frames must be a number for architecture CNN, got None")
        sizes = {
            "num_features": front_end.num_features,
            "num_frames": front_end.num_frames,
            "num_classes": task.output_size,
            "num_groups": 1 + front_end.delta_order,
        }
    elif recipe.architecture in ("DRNN", "LSTM"):
        sizes = {"input_size": front_end.num_features, "output_size": task.output_size}
    else:
        sizes = {"num_features": front_end.num_features, "output_size": task.output_size}
    return sizes | dict(recipe.model)


def build_model(recipe: Recipe, task: Task) -> nn.Module:
    """The recipe's model with its initial weights, a function of the recipe's seed."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return make_model(recipe.architecture, **model_options(recipe, task))


def make_accelerator(recipe: Recipe, output: Path, options: RunOptions) -> Accelerator:
    """Accelerate's view of the machine: device, processes, precision, trackers."""
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    accelerator = Accelerator(
        cpu=device == "cpu",
        mixed_precision=mixed_precision(_precision(recipe), device),
        log_with=list(options.trackers) or None,
        project_dir=str(output),
    )
    if options.trackers:
        plain = {
            name: value for name, value in recipe.as_dict().items() if isinstance(value, int | float | str)
        }
        accelerator.init_trackers("hnrc", config=plain)
    return accelerator


def _precision(recipe: Recipe) -> str:
    """Full precision where the optimiser takes second derivatives.

    Raises:
        ValueError: the recipe asks for another.
    """
    if not takes_curvature(recipe.optimizer):
        return recipe.precision
    if recipe.precision not in ("auto", "float32"):
        raise ValueError(f"precision must be float32 with {recipe.optimizer}, got {recipe.precision!r}")
    return "float32"
