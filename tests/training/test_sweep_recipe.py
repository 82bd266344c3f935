from dataclasses import dataclass

import pytest

from hnrc_lib.training import engine
from hnrc_lib.training.sweep_recipe import RecipeObjective, point_name


@dataclass
class Done:
    best_metric: float


def test_a_point_is_trained_in_its_own_folder(tmp_path, monkeypatch):
    asked = []

    def run(recipe, output, options):
        asked.append((recipe, output, options))
        return Done(0.25)

    monkeypatch.setattr(engine, "run_recipe", run)
    objective = RecipeObjective("digits-cnn", "quick", tmp_path, {"clip": "none"}, tmp_path / "data", "cpu")
    points = [{"learning_rate": "1e-3"}, {"learning_rate": 2e-3}, {"learning_rate": "1e-3"}]
    assert [objective(point) for point in points] == [0.25] * 3
    recipes, outputs, options = zip(*asked, strict=True)
    assert [recipe.learning_rate for recipe in recipes] == [1e-3, 2e-3, 1e-3]
    assert {recipe.clip for recipe in recipes} == {None}
    assert outputs[0] == outputs[2] != outputs[1]
    assert {output.parent for output in outputs} == {tmp_path}
    assert {(one.device, one.data_dir) for one in options} == {("cpu", tmp_path / "data")}


def test_a_value_that_the_recipe_cannot_take_is_named(tmp_path):
    with pytest.raises(ValueError, match="learning_rate"):
        RecipeObjective("digits-cnn", "quick", tmp_path)({"learning_rate": "-1"})


def test_names_differ_where_points_do_and_hold_no_separator():
    long = {f"model.field{i}": "x/y" * 9 for i in range(9)}
    names = {point_name(point) for point in ({"a": 1}, {"a": "1"}, {"a": 2}, {"b": 1}, long)}
    assert len(names) == 5
    assert all("/" not in name and len(name) < 100 for name in names)
