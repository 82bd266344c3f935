import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from hnrc_lib.cli import app
from hnrc_lib.training import sweep_recipe


@dataclass(frozen=True)
class Rate:
    """In place of a training run: the distance of the learning rate from 0.01."""

    recipe: str
    size: str
    output: object
    changes: object
    data_dir: object
    device: object

    def __call__(self, point):
        return abs(float(point["learning_rate"]) - 0.01)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_recipe, "RecipeObjective", Rate)
    return lambda *words: CliRunner().invoke(
        app, ["sweep", "digits-cnn", "--output", str(tmp_path / "sweep"), *words]
    )


def test_a_grid_as_json_and_again_as_text(run, tmp_path):
    done = run("--grid", "learning_rate=1e-3,1e-2", "--grid", "clip=1,none", "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["study"] == "digits-cnn-quick"
    assert summary["best"]["params"] == {"learning_rate": "1e-2", "clip": "1"}
    assert [point["value"] for point in summary["points"]] == pytest.approx([0.009, 0.009, 0, 0])
    assert (tmp_path / "sweep" / "sweep.db").is_file()
    again = run("--grid", "learning_rate=1e-3,1e-2", "--grid", "clip=1,none")
    assert again.stdout.splitlines()[-1] == "best: 2  0.0000  learning_rate=1e-2 clip=1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--grid", "learning_rate"], "grid must be key=v1,v2"),
        (["--grid", "learning_rat=1,2"], "learning_rat"),
        (["--range", "learning_rate=1e-4:1e-2:log"], "trials must be given"),
        (["--grid", "clip=1", "--workers", "0"], "workers must be positive"),
        ([], "at least one key"),
    ],
)
def test_bad_words_are_named_before_anything_is_written(run, words, message, tmp_path):
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "sweep").exists()
