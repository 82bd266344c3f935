"""Spoken digits by hidden Markov models: mixtures of Gaussians, then a network, before and after realignment.

Every speaker of FSDD is held out in turn: isolated digits, and strings of them joined to connected speech.
"""

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hnrc_lib.datasets import Corpus, connect_digits, load_fsdd, trim_silence
from hnrc_lib.datasets.fsdd import SPEAKERS
from hnrc_lib.experiments.hybrid_stages import STAGES, Stage, stages_of
from hnrc_lib.experiments.recipe_runs import costs, describe_runs, run_folder
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training import confusion_matrix, wilson_interval
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.training.engine import RunResult
from hnrc_lib.training.hybrid import any_words
from hnrc_lib.training.options import Progress, RunOptions, silent
from hnrc_lib.training.recipes import make_recipe
from hnrc_lib.training.rounds import hybrid_rounds

NAME = "digits_hybrid"
RECIPE = "digits-hybrid"
NUM_CLASSES = 10


@dataclass(frozen=True)
class Config:
    """What is trained, and what is recognised with it.

    Attributes:
        changes: of the recipe ``digits-hybrid``'s fields.
        realigned: further changes for the round on the network's own alignment.
        num_strings: strings of each held-out speaker to recognise, and as many of the validation part.
        insertions: log-scores of each word of a string to choose from, on the latter.
        device: where the network is trained.
        num_threads: CPU threads.
        seed: of the strings.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    realigned: dict[str, Any] = field(
        default_factory=lambda: {"max_epochs": 5, "average_last": 3, "learning_rate": 1e-3, "seed": 1}
    )
    num_strings: int = 60
    insertions: tuple[float, ...] = (0.0, -5.0, -10.0, -20.0)
    device: str = "cpu"
    num_threads: int = 1
    seed: int = 0


@dataclass(eq=False)
class _Heard:
    """What one stage made of all speakers."""

    digits: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    insertion: list[float] = field(default_factory=list)


@dataclass(eq=False)
class _Results:
    """References and what each stage heard, speaker after speaker."""

    labels: list[int] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    heard: dict[str, _Heard] = field(default_factory=lambda: {stage: _Heard() for stage in STAGES})
    moved: list[float] = field(default_factory=list)
    runs: list[RunResult] = field(default_factory=list)


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Record:
    """Hold out every speaker in turn, train all stages on the others, recognise that one.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training runs, which go on there if they were cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``digits_hybrid``. Scalars, for each stage ``gmm``, ``hybrid``, ``realigned``: ``accuracy_…``
        on isolated digits, the mean over the speakers; ``accuracy_…_low``, ``…_high``, Wilson's interval over
        all utterances; ``wer_…`` of connected digits over all strings, with its bootstrap interval; costs.
        Arrays: ``accuracy`` (stage, speaker), ``confusion`` (stage, true digit, digit found), ``moved``
        (share of training frames that realignment moves, by speaker), ``insertion`` (stage, speaker).

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    options = RunOptions(data_dir=data_dir, device=config.device, progress=progress)
    speakers, results = load_fsdd(data_dir=data_dir).speakers, _Results()
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        for speaker in speakers:
            _hold_out(config, speaker, where / speaker, options, results)
    scalars, arrays = _summary(results)
    scalars |= {"speakers": list(speakers)} | costs(results.runs)
    corpus = (
        f"FSDD, {len(results.labels)} utterances, {len(speakers)} of {len(SPEAKERS)} speakers, each held out "
        "in turn, and 20 synthetic voices to train on; strings joined from them"
    )
    provenance = describe_runs(corpus, results.runs, asdict(config))
    scale = "reduced" if config.changes else "full"
    return Record(NAME, replace(provenance, scale=scale), scalars, arrays)


def _hold_out(config: Config, speaker: str, where: Path, options: RunOptions, results: _Results) -> None:
    first = make_recipe(RECIPE, "full", {**config.changes, "held_out": speaker})
    second = make_recipe(RECIPE, "full", {**config.changes, **config.realigned, "held_out": speaker})
    runs = list(hybrid_rounds([first, second], where, options))
    parts = runs[0].parts
    validation, test = _strings(config, speaker, options)
    results.runs += runs
    results.labels += [label for label in parts.test.labels if label is not None]
    results.references += [utterance.text for utterance in test]
    stages, moved = stages_of(runs)
    results.moved.append(moved)
    said = [utterance.text for utterance in validation]
    for stage in stages:
        heard, digits = results.heard[stage.name], _digits(stage, parts.test)
        right = sum(a == b for a, b in zip(digits, parts.test.labels, strict=True))
        heard.digits += digits
        heard.accuracy.append(right / len(digits))
        tried = {
            score: word_error_rate(said, _read(stage, validation, score)).rate for score in config.insertions
        }
        best = min(tried, key=lambda score: tried[score])
        heard.insertion.append(best)
        heard.strings += _read(stage, test, best)


def _strings(config: Config, speaker: str, options: RunOptions) -> tuple[Corpus, Corpus]:
    """Strings of the validation takes and of the speaker held out, silent between words as recorded."""
    parts = load_parts("fsdd", held_out=speaker, data_dir=options.data_dir)
    validation, test = (
        trim_silence(connect_digits(part, num_strings=config.num_strings, seed=config.seed))
        for part in (parts.validation, parts.test)
    )
    return validation, test


def _digits(stage: Stage, corpus: Corpus) -> list[int]:
    """Labels of what was heard; −1 where no path exists."""
    labels = {utterance.text: utterance.label or 0 for utterance in corpus}
    return [labels.get(text, -1) for text in stage.recognise(corpus)]


def _read(stage: Stage, strings: Corpus, insertion: float) -> list[str]:
    return stage.recognise(strings, any_words(len(stage.lexicon.words), insertion=insertion))


def _summary(results: _Results) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    labels = torch.tensor(results.labels)
    scalars: dict[str, Any] = {"num_isolated": len(labels), "num_strings": len(results.references)}
    confusions = []
    for name, heard in results.heard.items():
        found = torch.tensor(heard.digits)
        low, high = wilson_interval(int((found == labels).sum()), len(labels))
        errors = word_error_rate(results.references, heard.strings)
        scalars |= {
            f"accuracy_{name}": float(np.mean(heard.accuracy)),
            f"accuracy_{name}_low": low,
            f"accuracy_{name}_high": high,
            f"wer_{name}": errors.rate,
            f"wer_{name}_low": errors.low,
            f"wer_{name}_high": errors.high,
        }
        known = found >= 0
        confusions.append(confusion_matrix(labels[known], found[known], NUM_CLASSES).numpy())
    arrays = {
        "accuracy": np.array([heard.accuracy for heard in results.heard.values()]),
        "confusion": np.stack(confusions),
        "moved": np.array(results.moved),
        "insertion": np.array([heard.insertion for heard in results.heard.values()]),
    }
    return scalars, arrays
