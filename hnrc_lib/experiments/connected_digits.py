"""Strings of one to seven digits by voices never heard: every speaker of FSDD held out in turn, under CTC."""

import os
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

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
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training.options import Progress, RunOptions, silent

NAME = "connected_digits"
MOST_DIGITS = 7


@dataclass(frozen=True)
class Config:
    """What is trained.

    Attributes:
        changes: of the recipe ``connected-digits-ctc``'s fields.
        device: where.
        num_threads: CPU threads.
    """

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
    """Train on strings of all speakers but one, read strings of that one; for every speaker of this copy.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training runs, which go on there if they were cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``connected_digits``. Scalars: ``wer_SPEAKER``, their mean ``wer_mean`` and sample deviation
        ``wer_deviation``, ``wer_all`` over all strings with its bootstrap interval, costs. Arrays:
        ``wer_by_digits``, over strings of 1 … 7 digits; curves of the first run.

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    references, heard, rates = [], [], []
    options = RunOptions(data_dir=data_dir, device=config.device, progress=progress)
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        results = held_out_in_turn("connected-digits-ctc", config.changes, where, options)
    speakers = [result.recipe.held_out for result in results]
    for result in results:
        assert result.test is not None
        said = [utterance.text for utterance in result.parts.test]
        rates.append(word_error_rate(said, result.test.texts).rate)
        references += said
        heard += result.test.texts
    together = word_error_rate(references, heard)
    scalars = {f"wer_{speaker}": rate for speaker, rate in zip(speakers, rates, strict=True)} | {
        "wer_mean": float(np.mean(rates)),
        "wer_deviation": float(np.std(rates, ddof=1)),
        "wer_all": together.rate,
        "wer_all_low": together.low,
        "wer_all_high": together.high,
        "num_strings": len(references),
    }
    voices = f"{len(speakers)} of {len(SPEAKERS)} speakers, each held out in turn"
    corpus = f"FSDD strings of 1 to {MOST_DIGITS} digits, {voices}, and 20 synthetic voices to train on"
    provenance = describe_runs(corpus, results, asdict(config))
    scale = "reduced" if config.changes else "full"
    arrays = {"wer_by_digits": _by_digits(references, heard)} | curves(results[0])
    return Record(NAME, replace(provenance, scale=scale), scalars | costs(results), arrays)


def _by_digits(references: list[str], heard: list[str]) -> np.ndarray:
    """Word error rate of the strings of each number of digits."""
    rates = []
    for count in range(1, MOST_DIGITS + 1):
        chosen = [i for i, text in enumerate(references) if len(text.split()) == count]
        rates.append(word_error_rate([references[i] for i in chosen], [heard[i] for i in chosen]).rate)
    return np.array(rates)
