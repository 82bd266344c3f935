import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from hnrc_lib.cli import app
from hnrc_lib.datasets import load_digits
from hnrc_lib.training import corpora, engine, sweep_recipe


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


def test_a_real_recipe_is_swept_and_a_second_call_trains_nothing(tmp_path, monkeypatch):
    digits = load_digits(language="en")
    voices = dict(zip(("train", "dev", "test"), digits.speakers, strict=False))
    monkeypatch.setattr(corpora, "load_digits", lambda part: digits.where(speaker=voices[part]))
    small = "max_epochs=1", "average_last=0", "model.hidden=8"
    words = ["sweep", "digits-cnn", "--grid", "learning_rate=1e-5,1e-2", "--device", "cpu", "--json"]
    words += ["--output", str(tmp_path), *(word for change in small for word in ("--set", change))]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    runs = {json.loads(path.read_text())["learning_rate"]: path for path in tmp_path.glob("*/recipe.json")}
    assert sorted(runs) == [1e-5, 1e-2]
    for point in summary["points"]:
        written = json.loads(
            runs[float(point["params"]["learning_rate"])].with_name("result.json").read_text()
        )
        assert written["finished"]
        assert point["value"] == written["best_validation_error"]
    assert summary["best"]["value"] == min(point["value"] for point in summary["points"])
    monkeypatch.setattr(engine, "run_recipe", lambda *_: pytest.fail("trained again"))
    again = CliRunner().invoke(app, words)
    assert json.loads(again.stdout) == summary


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
