"""Training steps of the engine beside a plain DataLoader loop with librosa on the same model."""

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch

from benchmarks.harness import CLOCKS, OURS, Bar, Case, Row
from benchmarks.plain_training import PlainLoop
from hnrc_lib.datasets import Corpus
from hnrc_lib.optim.clipping import make_clipping
from hnrc_lib.training.augmentation import Augmenter
from hnrc_lib.training.batching import bucketed_batches
from hnrc_lib.training.building import build_model, make_accelerator, make_task
from hnrc_lib.training.corpora import Parts, load_parts
from hnrc_lib.training.learner import Learner
from hnrc_lib.training.optimizers import make_optimizer
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.recipes import make_recipe
from hnrc_lib.training.resident import ResidentCorpus

NAME = "training"
TITLE = "Training steps"
TEXT = (
    "Time of a pass over the same utterances: loading, augmentation, features, loss, gradient, clipping, "
    "AdamW. The plain loop is a DataLoader (no workers, waveforms in memory) whose data set calls librosa"
    " for each utterance: pitch_shift for another vocal tract, time_stretch for another tempo, white "
    "noise by NumPy, trim, melspectrogram, delta, masks. It is 1: ≤ 1/3 means three times as many "
    "utterances a second. Model, initial weights, batch size and kinds of augmentation are the same; the "
    "engine warps kept spectra instead of waveforms and batches utterances of like length."
)
LIMIT = 1 / 3
UNPERTURBED = {"augmentation.vocal_tract": 0.0, "augmentation.tempo": 0.0, "augmentation.speed": 0.0}
# Recipe, size, utterances of a pass: a whole number of batches, a few seconds of the plain loop.
CASES = (("digits-cnn", "quick", 128), ("digits-lstm", "quick", 64), ("an4-ctc", "full", 32))
Pass = Callable[[], tuple[float, float]]
Maker = Callable[[Recipe, Parts, str], Callable[[], float]]
_loaded = functools.cache(load_parts)


def picked(parts: Parts, count: int) -> Parts:
    """Every so-manyth training utterance, so that all lengths and voices occur."""
    step = len(parts.train) // count
    return dataclasses.replace(parts, train=Corpus(parts.train.name, parts.train[::step][:count]))


def timed(run: Callable[[], float], count: int, device: str) -> Pass:
    """A pass that returns its pace, in utterances a second, and its loss; the first is not timed.

    The clock is that of the CPU, or on a card that of the wall; a loss that is read has waited for the card.
    """
    run()
    clock = CLOCKS["cpu" if device == "cpu" else "wall"]

    def once() -> tuple[float, float]:
        begin = clock()
        loss = run()
        return count / (clock() - begin), loss

    return once


def engine(recipe: Recipe, parts: Parts, device: str = "cpu") -> Callable[[], float]:
    """The library's learner on a corpus that lies on the device; another epoch at every call."""
    accelerator = make_accelerator(recipe, Path(tempfile.gettempdir()), RunOptions(device=device))
    task = make_task(recipe, parts)
    model = build_model(recipe, task).to(device)
    optimizer = make_optimizer(
        recipe.optimizer,
        model.named_parameters(),
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
    )
    resident = ResidentCorpus(parts.train, recipe.front_end, device)
    augmenter = Augmenter(recipe.augmentation, recipe.front_end, recipe.seed, device)
    targets = task.encode(parts.train, device)
    learner = Learner(
        accelerator,
        *accelerator.prepare(model, optimizer),
        task,
        resident,
        targets,
        augmenter,
        make_clipping(recipe.clip),
    )
    epochs = iter(range(1, 1 << 30))

    def run() -> float:
        epoch = next(epochs)
        batches = bucketed_batches(resident.frames, recipe.batch_size, seed=recipe.seed, epoch=epoch)
        losses = [learner.step(batch, epoch, step).loss for step, batch in enumerate(batches)]
        return sum(losses) / len(losses)

    return run


def plain(recipe: Recipe, parts: Parts, device: str = "cpu") -> Callable[[], float]:
    """The loop that the engine is held to."""
    task = make_task(recipe, parts)
    return PlainLoop(parts.train, recipe, task, build_model(recipe, task), device).epoch


def _prepared(make: Maker, recipe: Recipe, count: int, device: str) -> Pass:
    torch.manual_seed(0)  # of dropout and the loader's order
    return timed(make(recipe, picked(_loaded(recipe.corpus), count), device), count, device)


def _figures(unit: str, found: tuple[float, float]) -> Mapping[str, float]:
    return {f"utterances a {unit}": found[0]}


def _missing(corpus: str) -> str:
    try:
        _loaded(corpus)
    except FileNotFoundError:
        return f"the corpus {corpus} is not there"
    return ""


def training_case(name: str, size: str, count: int, *, perturbed: bool, device: str = "cpu") -> Case:
    """The plain loop and the engine on so many utterances; where there is no such device, nothing is read."""
    # Products in half precision would be the card's gain, not the engine's.
    changes = {"precision": "float32"} | ({} if perturbed else UNPERTURBED)
    recipe, cuda = make_recipe(name, size, changes), device != "cpu"
    missing = "" if cuda and not torch.cuda.is_available() else _missing(recipe.corpus)
    rows = tuple(
        Row(
            "training, one pass",
            provider,
            functools.partial(_prepared, make, recipe, count, device),
            bars,
            figures=functools.partial(_figures, "second" if cuda else "CPU second"),
            cuda=cuda,
            missing=missing,
        )
        for provider, make, bars in (("torch + librosa", plain, ()), (OURS, engine, (Bar(LIMIT),)))
    )
    augmentation = "all augmentation" if perturbed else "noise and masks only"
    return Case(
        f"{name}, {recipe.architecture}, batch {recipe.batch_size}, {count} utterances, {augmentation}",
        rows,
        seconds=6.0,
    )


def cases(quick: bool) -> Iterator[Case]:
    """Two cases a recipe; the CNN alone when quick."""
    for name, size, count in CASES[:1] if quick else CASES:
        for perturbed in (True, False):
            yield training_case(name, size, count, perturbed=perturbed)
