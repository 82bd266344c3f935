"""The training engine: a recipe in, a recogniser out; killed at any moment, it goes on where it was."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from hnrc_lib.files import replace_file
from hnrc_lib.training.corpora import Parts, load_parts
from hnrc_lib.training.kept_weights import Weights
from hnrc_lib.training.measures import Measures
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.run import Run
from hnrc_lib.training.run_state import RunState
from hnrc_lib.training.tasks import Task

_RECIPE = "recipe.json"


@dataclass(frozen=True, eq=False)
class RunResult:
    """What came out of a run.

    Attributes:
        recipe: what was run.
        finished: whether it reached its end; a stopped run goes on when started again.
        state: counters and curves.
        test: measures on the test part; None before the end.
        too_short: names of the training utterances left out, too short for their texts.
        damaged: a sentence for each damaged checkpoint that was passed over.
        parts: what was trained, validated and tested on.
        task: the loss, and what outputs say.
        model: with the kept weights, in evaluation mode.
    """

    recipe: Recipe
    finished: bool
    state: RunState
    test: Measures | None
    too_short: tuple[str, ...]
    damaged: tuple[str, ...]
    parts: Parts
    task: Task
    model: nn.Module

    @property
    def best_metric(self) -> float:
        """Lowest validation error, in the task's unit."""
        return self.state.best_error

    def summary(self) -> dict[str, Any]:
        """The result as JSON holds it."""
        state = self.state
        return {
            "recipe": self.recipe.name,
            "size": self.recipe.size,
            "finished": self.finished,
            "steps": state.step,
            "epochs": [asdict(epoch) for epoch in state.epochs],
            "best_validation_error": state.best_error if state.epochs else None,
            "test": None
            if self.test is None
            else {k: v for k, v in asdict(self.test).items() if k != "texts"},
            "skipped_steps": state.skipped,
            "too_short": list(self.too_short),
            "damaged_checkpoints": list(self.damaged),
            "seconds": round(state.seconds, 2),
            "cpu_seconds": round(state.cpu_seconds, 2),
            "utterances_per_second": round(state.utterances / state.seconds, 2) if state.seconds else None,
        }


def run_recipe(
    recipe: Recipe,
    output: Path,
    options: RunOptions | None = None,
    *,
    parts: Parts | None = None,
    task: Task | None = None,
    start: Weights | None = None,
) -> RunResult:
    """Train as a recipe says, writing checkpoints; a run that was cut short goes on.

    On a CPU with one number of threads the losses are the same to the bit, however often it was killed.
    Under ``accelerate launch`` each process computes its share of every batch, and the sums are those of
    one process to rounding; dropout alone draws otherwise.

    Args:
        recipe: what to train.
        output: folder of this run: ``recipe.json``, ``checkpoints/``, ``result.json``.
        options: how.
        parts: of the corpus, where they are not those that the recipe names.
        task: where it is not the recipe's own; the same one when a run goes on.
        start: initial weights, where they are not those of the recipe's seed.

    Raises:
        ValueError: the folder holds another recipe's run, or the corpus does not fit the recipe.
        FileNotFoundError: the corpus is not there.
        FloatingPointError: ten steps in a row were not finite.
        OSError: a checkpoint cannot be written; the earlier ones stay.
    """
    options = options or RunOptions()
    _check_folder(output, recipe)
    if parts is None:
        parts = load_parts(recipe.corpus, held_out=recipe.held_out, data_dir=options.data_dir)
    # Only now: a run that found no corpus must not keep others out of the folder.
    if not (output / _RECIPE).is_file():
        _write_json(output / _RECIPE, recipe.as_dict())
    run = Run(recipe, output, options, parts, task, start)
    finished = run.train()
    test = run.finish() if finished else None
    result = RunResult(
        recipe,
        finished,
        run.state,
        test,
        run.too_short,
        tuple(run.damaged),
        run.parts,
        run.task,
        run.bare_model,
    )
    if run.accelerator.is_main_process:
        _write_json(output / "result.json", result.summary())
    return result


def _check_folder(output: Path, recipe: Recipe) -> None:
    """See that a run's folder is new, or this recipe's.

    Raises:
        ValueError: it holds another recipe's run; names the fields that differ.
    """
    path, wanted = output / _RECIPE, recipe.as_dict()
    if not path.is_file():
        return
    found = json.loads(path.read_bytes())
    differ = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
    if differ:
        raise ValueError(
            f"output must be a new folder or this recipe's: {output} holds a run with other {differ}"
        )


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
