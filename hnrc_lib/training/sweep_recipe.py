"""What a sweep over a recipe evaluates: one training run for each point."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from hnrc_lib.training.sweep_space import Point


@dataclass(frozen=True)
class RecipeObjective:
    """Trains a recipe with a point's values and returns its lowest validation error.

    Each point has a folder of its own, named after its values; a point tried again goes on from there.

    Attributes:
        recipe: name of the recipe.
        size: ``"quick"``, ``"colab"`` or ``"full"``.
        output: folder of all runs.
        changes: fields of the recipe changed at every point.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        device: ``"cpu"``, ``"cuda"``, or None for the fastest there is.
    """

    recipe: str
    size: str
    output: Path
    changes: dict[str, str] = field(default_factory=dict)
    data_dir: Path | None = None
    device: str | None = None

    def __call__(self, point: Point) -> float:
        """Lowest validation error of a run.

        Raises:
            ValueError: a value that the recipe's field cannot take.
            FileNotFoundError: the corpus is not there.
            FloatingPointError: the run diverged.
        """
        from hnrc_lib.training.engine import run_recipe
        from hnrc_lib.training.options import RunOptions
        from hnrc_lib.training.recipes import make_recipe

        recipe = make_recipe(self.recipe, self.size, self.changes | {k: str(v) for k, v in point.items()})
        options = RunOptions(data_dir=self.data_dir, device=self.device)
        return run_recipe(recipe, self.output / point_name(point), options).best_metric


def point_name(point: Point) -> str:
    """A folder's name for a point: its values as far as they are short, and a digest of them all.

    >>> point_name({"learning_rate": "1e-3", "model.hidden_size": 64})
    'learning_rate=1e-3,hidden_size=64-b959ce40'
    """
    text = ",".join(f"{name.rpartition('.')[2]}={value}" for name, value in sorted(point.items()))
    plain = "".join(letter if letter.isalnum() or letter in "=,._-" else "_" for letter in text)
    digest = hashlib.sha256(json.dumps(point, sort_keys=True).encode()).hexdigest()
    return f"{plain[:80]}-{digest[:8]}"
