"""AN4 by hidden Markov models of phones: Gaussians, then a network, before and after realignment."""

import os
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from hnrc_lib.experiments.hybrid_stages import Stage, stages_of
from hnrc_lib.experiments.recipe_runs import costs, curves, describe_runs, run_folder
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.hybrid import FramesTask, GmmHmm
from hnrc_lib.training.options import Progress, RunOptions, silent
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.recipes import make_recipe
from hnrc_lib.training.rounds import hybrid_rounds

NAME = "an4_hybrid"
RECIPE = "an4-hybrid"


@dataclass(frozen=True)
class Config:
    """What is trained.

    Attributes:
        changes: of the recipe ``an4-hybrid``'s fields.
        realigned: further changes for the round on the network's own alignment.
        scales: weights of the language model to choose from, for Gaussians and for networks.
        device: where the network is trained.
        num_threads: CPU threads.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    realigned: dict[str, Any] = field(
        default_factory=lambda: {"max_epochs": 4, "average_last": 2, "learning_rate": 1e-3, "seed": 1}
    )
    scales: tuple[tuple[float, ...], tuple[float, ...]] = ((6.0, 10.0, 14.0), (2.0, 4.0, 6.0))
    device: str = "cpu"
    num_threads: int = 1


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Record:
    """Train all stages on AN4's training part, recognise its test part.

    The language model is a bigram of the training transcripts, its weight chosen on the validation part's
    speakers, who are left out of everything else. The vocabulary is the dictionary's: words that occur in the
    test part alone can be recognised, through their phones and the bigram's unknown word.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds AN4; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training runs, which go on there if they were cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``an4_hybrid``. Scalars, for each stage ``gmm``, ``hybrid``, ``realigned``: ``wer_…`` on the
        test part with its bootstrap interval, ``wer_…_chosen_on`` on the validation part, ``scale_…``;
        ``moved``, the share of training frames that realignment moves; costs. Arrays: ``gmm_scores`` (mean
        log-probability of a frame by alignment); curves of the first run.

    Raises:
        FileNotFoundError: AN4 is not there.
    """
    config = config or Config()
    options = RunOptions(data_dir=data_dir, device=config.device, progress=progress)
    first = make_recipe(RECIPE, "full", config.changes)
    second = make_recipe(RECIPE, "full", {**config.changes, **config.realigned})
    with cpu_threads(config.num_threads), run_folder(folder) as where:
        rounds = list(hybrid_rounds([first, second], where, options))
        stages, moved = stages_of(rounds)
        parts, scalars = rounds[0].parts, {"moved": moved}
        for stage, scales in zip(stages, (config.scales[0], *[config.scales[1]] * 2), strict=True):
            scalars |= _measure(stage, parts, first, scales)
    scalars |= {
        "num_train": len(parts.train),
        "num_chosen_on": len(parts.validation),
        "num_test": len(parts.test),
    }
    corpus = f"AN4, {len(parts.train)} utterances trained on, {len(parts.test)} tested"
    provenance = describe_runs(corpus, rounds, asdict(config))
    scale = "reduced" if config.changes else "full"
    assert isinstance(rounds[0].task, FramesTask)
    gaussians = rounds[0].task.teacher.scores
    assert isinstance(gaussians, GmmHmm)
    arrays = {"gmm_scores": np.array(gaussians.scores)} | curves(rounds[0])
    return Record(NAME, replace(provenance, scale=scale), scalars | costs(rounds), arrays)


def _measure(stage: Stage, parts: Parts, recipe: Recipe, scales: tuple[float, ...]) -> dict[str, Any]:
    """Errors on the test part, with the weight that makes fewest on the validation part."""
    assert recipe.hybrid is not None
    said = [one.text for one in parts.validation]
    weighed = {
        scale: replace(recipe.hybrid, scale=scale).pairs(stage.lexicon, parts.train) for scale in scales
    }
    tried = {
        scale: word_error_rate(said, stage.recognise(parts.validation, pairs)).rate
        for scale, pairs in weighed.items()
    }
    best = min(tried, key=lambda scale: tried[scale])
    heard = stage.recognise(parts.test, weighed[best])
    errors = word_error_rate([one.text for one in parts.test], heard)
    return {
        f"wer_{stage.name}": errors.rate,
        f"wer_{stage.name}_low": errors.low,
        f"wer_{stage.name}_high": errors.high,
        f"wer_{stage.name}_chosen_on": tried[best],
        f"scale_{stage.name}": best,
        "num_words": errors.reference_length,
    }
