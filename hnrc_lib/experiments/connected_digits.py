"""Strings of one to seven digits by voices never heard: every speaker of FSDD held out in turn, under CTC."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from hnrc_lib.datasets.fsdd import SPEAKERS
from hnrc_lib.experiments.recipe_runs import (
    costs,
    curves,
    describe_runs,
    held_out_in_turn,
    readings_of,
    run_folder,
)
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.sequence import Reading, Vocabulary, greedy_decode, most_agreed
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training.engine import RunResult
from hnrc_lib.training.options import Progress, RunOptions, silent
from hnrc_lib.training.tasks import CTCTask

NAME = "connected_digits"
RECIPE = "connected-digits-ctc"
MOST_DIGITS = 7


@dataclass(frozen=True)
class Config:
    """What is trained.

    Attributes:
        changes: of the recipe ``connected-digits-ctc``'s fields.
        compared: corpus that the same recipe is trained on for comparison, AN4's voices in it; None
            trains no other.
        vocal_tracts: factors on the resonances at which each network reads, to agree with itself.
        device: where.
        num_threads: CPU threads.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    compared: str | None = "connected-fsdd-and-an4"
    vocal_tracts: tuple[float, ...] = (0.86, 0.93, 1.0, 1.08, 1.16)
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
        data_dir: folder that holds FSDD and AN4; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training runs, which go on there if they were cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``connected_digits``. Scalars: ``wer_SPEAKER``, their mean ``wer_mean`` and sample deviation
        ``wer_deviation``, ``wer_all`` over all strings with its bootstrap interval; the same with
        ``agreed_`` in front for the string that all vocal tracts agree on most, with ``compared_`` and
        ``compared_agreed_`` for the other corpus, and with ``both_agreed_`` for what the two networks of
        each speaker agree on most; costs of the first. Arrays: ``wer_by_digits``, over strings of 1 … 7
        digits; curves of the first run.

    Raises:
        FileNotFoundError: FSDD or AN4 is not there.
    """
    config = config or Config()
    options = RunOptions(data_dir=data_dir, device=config.device, progress=progress)
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        results = held_out_in_turn(RECIPE, config.changes, where, options)
        others = []
        if config.compared is not None:
            changes = {**config.changes, "corpus": config.compared}
            others = held_out_in_turn(RECIPE, changes, where / "compared", options)
        scalars = _all_rates(results, others, config.vocal_tracts)
    references = list(chain(*map(_said, results)))
    scalars["num_strings"] = len(references)
    voices = f"{len(results)} of {len(SPEAKERS)} speakers, each held out in turn"
    corpus = f"FSDD strings of 1 to {MOST_DIGITS} digits, {voices}, and 20 synthetic voices to train on"
    if others:
        corpus += "; for comparison, digits of 74 speakers of AN4 too"
    provenance = describe_runs(corpus, results, asdict(config))
    scale = "reduced" if config.changes else "full"
    by_digits = _by_digits(references, list(chain(*map(_plain, results))))
    arrays = {"wer_by_digits": by_digits} | curves(results[0])
    return Record(NAME, replace(provenance, scale=scale), scalars | costs(results), arrays)


def _all_rates(
    results: Sequence[RunResult], others: Sequence[RunResult], tracts: Sequence[float]
) -> dict[str, Any]:
    """Errors of each set of runs and of both together, read plainly and by agreement."""
    vocabulary = _vocabulary([*results, *others])
    own, theirs = ([readings_of(one, one.parts.test, tracts) for one in runs] for runs in (results, others))
    texts = {"": [_plain(one) for one in results], "agreed_": [_agreed(vocabulary, one) for one in own]}
    if others:
        texts |= {
            "compared_": [_plain(one) for one in others],
            "compared_agreed_": [_agreed(vocabulary, one) for one in theirs],
            "both_agreed_": [_agreed(vocabulary, a + b) for a, b in zip(own, theirs, strict=True)],
        }
    speakers, said = [one.recipe.held_out for one in results], [_said(one) for one in results]
    scalars: dict[str, Any] = {}
    for way, heard in texts.items():
        rates = [word_error_rate(*pair).rate for pair in zip(said, heard, strict=True)]
        together = word_error_rate(list(chain(*said)), list(chain(*heard)))
        scalars |= {f"{way}wer_{who}": rate for who, rate in zip(speakers, rates, strict=True)} | {
            f"{way}wer_mean": float(np.mean(rates)),
            f"{way}wer_deviation": float(np.std(rates, ddof=1)),
            f"{way}wer_all": together.rate,
            f"{way}wer_all_low": together.low,
            f"{way}wer_all_high": together.high,
        }
    return scalars


def _said(result: RunResult) -> list[str]:
    return [utterance.text for utterance in result.parts.test]


def _plain(result: RunResult) -> list[str]:
    assert result.test is not None
    return list(result.test.texts)


def _vocabulary(runs: Sequence[RunResult]) -> Vocabulary:
    """The one vocabulary of all runs: strings of two can be compared."""
    (vocabulary,) = {run.task.vocabulary for run in runs if isinstance(run.task, CTCTask)}
    return vocabulary


def _agreed(vocabulary: Vocabulary, readings: Sequence[Reading]) -> list[str]:
    """Of what each reading takes for best, the strings that all agree on most."""
    greedy = [[path.symbols for path in greedy_decode(*reading)] for reading in readings]
    agreed = most_agreed(list(zip(*greedy, strict=True)), readings)
    return [vocabulary.decode(symbols) for symbols in agreed]


def _by_digits(references: list[str], heard: list[str]) -> np.ndarray:
    """Word error rate of the strings of each number of digits."""
    rates = []
    for count in range(1, MOST_DIGITS + 1):
        chosen = [i for i, text in enumerate(references) if len(text.split()) == count]
        rates.append(word_error_rate([references[i] for i in chosen], [heard[i] for i in chosen]).rate)
    return np.array(rates)
