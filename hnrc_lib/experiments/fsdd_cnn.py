"""The source's CNN on real digits, one speaker held out: from wav files to a confusion matrix."""

import os
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from hnrc_lib.datasets import Corpus, leave_one_speaker_out, load_fsdd, spectrograms
from hnrc_lib.datasets.fsdd import SPEAKERS
from hnrc_lib.experiments.record import Provenance, Record, current_commit, environment
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import CNN, num_parameters
from hnrc_lib.training import (
    Evaluation,
    History,
    RandomWarp,
    TrainingConfig,
    confusion_matrix,
    evaluate,
    train,
    wilson_interval,
)
from hnrc_lib.training.data import LabelledFeatures
from hnrc_lib.training.progress import ProgressCallback

NAME = "fsdd_cnn"
NUM_CLASSES = 10
_GROUPS = 2  # static features and their deltas


@dataclass(frozen=True)
class Config:
    """What is trained and on what.

    Attributes:
        held_out_speaker: whom the model never hears; the alphabetically first of the corpus when None,
            a rule that cannot follow the result.
        num_frames: T, frames to which every utterance is stretched.
        n_mels: mel bands; with their deltas F = 2·n_mels.
        floor: least energy in a band told apart from silence, > 0.
        training: learning rate, batches, epochs, seed.
        warp: limits of the random warps of the training spectrograms.
        num_threads: CPU threads; one is enough, and does not suffer when cores are shared.
        seed: of the initial weights.
    """

    held_out_speaker: str | None = None
    num_frames: int = 32
    n_mels: int = 32
    floor: float = 1e-8
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            learning_rate=2e-3, max_epochs=40, average_last=20, schedule="cosine"
        )
    )
    warp: RandomWarp = field(default_factory=lambda: RandomWarp(num_groups=_GROUPS))
    num_threads: int = 1
    seed: int = 0


@dataclass(frozen=True, eq=False)
class DigitSplit:
    """Features for training, for following it, and of the speaker held out.

    Attributes:
        corpus: all utterances that are used.
        held_out_speaker: who is in ``held_out`` and nowhere else.
        train: the other speakers' official training takes.
        validation: the other speakers' official test takes, for the curves.
        held_out: every take of the speaker held out.
    """

    corpus: Corpus
    held_out_speaker: str
    train: LabelledFeatures
    validation: LabelledFeatures
    held_out: LabelledFeatures


def load_split(config: Config, *, data_dir: str | os.PathLike[str] | None = None) -> DigitSplit:
    """Read FSDD, hold one speaker out, and compute features scaled to unit variance in training.

    Args:
        config: names the speaker and the features.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.

    Raises:
        FileNotFoundError: FSDD is not there.
        ValueError: no such speaker.
    """
    takes, test_takes = (load_fsdd(part, data_dir=data_dir) for part in ("train", "test"))
    corpus = Corpus("FSDD", [*takes, *test_takes], missing=takes.missing)
    speaker = config.held_out_speaker or corpus.speakers[0]
    train_corpus, _ = leave_one_speaker_out(takes, speaker)
    validation_corpus, _ = leave_one_speaker_out(test_takes, speaker)
    held_out_corpus = corpus.where(speaker=speaker)
    parts = [
        spectrograms(
            part, num_frames=config.num_frames, n_mels=config.n_mels, floor=config.floor, deltas=True
        )
        for part in (train_corpus, validation_corpus, held_out_corpus)
    ]
    # The mean is zero already, utterance by utterance; static features and deltas differ in scale.
    deviation = parts[0][0].unflatten(2, (_GROUPS, -1)).square().mean(dim=(0, 1, 3)).sqrt()
    scale = deviation.repeat_interleave(config.n_mels)
    scaled = [(features / scale, labels) for features, labels in parts]
    return DigitSplit(corpus, speaker, *scaled)


def untrained_cnn(config: Config) -> CNN:
    """The source's 32-64-64-64-10 network with its initial weights."""
    generator = torch.Generator().manual_seed(config.seed)
    model = CNN(
        _GROUPS * config.n_mels, config.num_frames, NUM_CLASSES, num_groups=_GROUPS, generator=generator
    )
    # On a CPU convolutions with channels last take half the time; shapes and names stay the same.
    return model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def train_cnn(
    config: Config, split: DigitSplit, *, progress: ProgressCallback | None = None
) -> tuple[CNN, History]:
    """Train the network; the same configuration gives the same weights on one machine."""
    model = untrained_cnn(config)
    history = train(
        model, split.train, split.validation, config.training, augment=config.warp, progress=progress
    )
    return model, history


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: ProgressCallback | None = None,
) -> Record:
    """Train on all speakers but one, recognise that one.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        progress: called after every epoch.

    Returns:
        Record ``fsdd_cnn``. Scalars: ``accuracy`` on the speaker held out with its Wilson interval,
        ``chance`` (always saying the most frequent digit), ``validation_accuracy``, counts, seconds of
        wall clock and of CPU. Arrays: ``confusion`` (true
        digit, digit found), ``accuracy_per_digit``, and per epoch ``train_loss``, ``train_accuracy``,
        ``validation_loss``, ``validation_accuracy``.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    start, cpu_start = time.perf_counter(), time.process_time()
    with cpu_threads(config.num_threads):
        split = load_split(config, data_dir=data_dir)
        feature_seconds = time.perf_counter() - start
        model, history = train_cnn(config, split, progress=progress)
        held_out, validation, training = (
            evaluate(model, part) for part in (split.held_out, split.validation, split.train)
        )
    seconds = {
        "feature_seconds": round(feature_seconds, 2),
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
    }
    scalars, arrays = _results(split, held_out)
    scalars |= {
        "validation_accuracy": validation.accuracy,
        "validation_loss": validation.loss,
        "train_accuracy": training.accuracy,
        "train_loss": training.loss,
        "num_train": len(split.train[1]),
        "num_validation": len(split.validation[1]),
        "num_parameters": num_parameters(model),
    }
    curves = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    arrays |= {name: np.array(history.curve(name)) for name in curves}
    provenance = describe(config, split, model, seconds["seconds"], asdict(config))
    return Record(NAME, provenance, scalars | seconds, arrays)


def describe(
    config: Config,
    split: DigitSplit,
    model: CNN,
    seconds: float,
    written: dict[str, Any],
    *,
    scale: Literal["full", "reduced"] = "full",
) -> Provenance:
    """Provenance of a run with this network; ``written`` is the configuration as the record states it."""
    voices = f"{len(split.corpus.speakers)} of {len(SPEAKERS)} speakers"
    return Provenance(
        corpus=f"FSDD, {len(split.corpus)} utterances, {voices}, {split.held_out_speaker} held out",
        manifest_sha256=split.corpus.manifest_sha256,
        model=f"CNN 32-64-64-64-10, ReLU, {num_parameters(model):,} parameters",
        versions=environment(),
        device=config.training.device,
        seed=config.seed,
        commit=current_commit(),
        seconds=seconds,
        scale=scale,
        config=written,
    )


def _results(split: DigitSplit, held_out: Evaluation) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    labels = split.held_out[1]
    confusion = confusion_matrix(labels, held_out.predictions, NUM_CLASSES)
    correct = int(confusion.diagonal().sum())
    low, high = wilson_interval(correct, len(labels))
    scalars = {
        "held_out_speaker": split.held_out_speaker,
        "accuracy": held_out.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "loss": held_out.loss,
        "num_correct": correct,
        "num_held_out": len(labels),
        "chance": int(labels.bincount().max()) / len(labels),
    }
    return scalars, {
        "confusion": confusion.numpy(),
        "accuracy_per_digit": (confusion.diagonal() / confusion.sum(dim=1)).double().numpy(),
    }
