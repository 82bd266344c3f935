"""A hybrid's rounds: train a network on an alignment, align again with the network, train on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.engine import RunResult, run_recipe
from hnrc_lib.training.hybrid import FramesTask
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import Recipe


def hybrid_rounds(
    recipes: Sequence[Recipe], output: Path, options: RunOptions | None = None, *, parts: Parts | None = None
) -> Iterator[RunResult]:
    """A run on the Gaussians' alignment; then on the network's own, from the weights that made it.

    Each round is a run in a folder of its own, ``round-1``, ``round-2``, …: one that was cut short goes on.

    Args:
        recipes: of task ``"frames"``, one for each round.
        output: folder of the rounds.
        options: how they are carried out.
        parts: of the corpus, where they are not those that the recipes name.

    Yields:
        The result of every round that finished; a round that was stopped is the last.

    Source: Bourlard and Morgan, Connectionist speech recognition (1994), realignment included.
    """
    result = task = start = None
    for number, recipe in enumerate(recipes, 1):
        if result is not None:
            task = realigned(result)
            start = result.model.state_dict()
        result = run_recipe(recipe, output / f"round-{number}", options, parts=parts, task=task, start=start)
        yield result
        if not result.finished:
            return


def realigned(result: RunResult) -> FramesTask:
    """The task of a finished run with targets that its network gives."""
    assert isinstance(result.task, FramesTask)
    return result.task.realigned(result.model, result.recipe.front_end, result.parts.train)


def share_moved(first: FramesTask, second: FramesTask, result: RunResult) -> float:
    """Share of a run's training frames that the second task's alignment puts elsewhere than the first's."""
    moved = frames = 0
    for before, after in zip(*(task.alignment(result.parts.train) for task in (first, second)), strict=True):
        if before is not None and after is not None:
            moved, frames = moved + int((before != after).sum()), frames + len(before)
    return moved / frames
