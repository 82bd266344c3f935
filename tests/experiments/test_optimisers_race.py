"""Ledgers, races that are cut short and go on, and the numbers that are counted from them."""

import json
import math

import numpy as np
import pytest

from hnrc_lib.experiments.optimisers.contest import CONTESTS, METHODS, RECORDED, Contest, Method
from hnrc_lib.experiments.optimisers.ledger import RunEntry, RunLedger
from hnrc_lib.experiments.optimisers.race import NUM_TRIALS, RATE_FACTORS, Race
from hnrc_lib.experiments.optimisers.summary import rate_width, summarise, time_to
from hnrc_lib.experiments.optimisers.track import Budget, Point, as_json

CONTEST = Contest("toy", "a toy", "digits-cnn", {}, 8)
METHOD = Method("descent", "descent", "sgd", (1e-3, 10.0))
SPEAKERS = ("ann", "bob")


class Parabola:
    """Gradient descent on θ²/2 from 1: the loss after k steps of rate η is (1 − η)^2k/2."""

    def __init__(self, runs):
        self.runs = runs

    def run(self, optimizer, settings, budget, seed):
        self.runs.append((settings["learning_rate"], settings["clip"], budget.steps, seed))
        contraction = (1 - settings["learning_rate"]) ** 2
        losses = [contraction**step / 2 for step in range(budget.steps + 1)]
        points = [Point(k, float(k), 0.1 * k, loss, loss / 10) for k, loss in enumerate(losses)]
        if contraction > 1:
            points[-1] = Point(budget.steps, 1.0, 1.0, math.inf, 1.0)
        return points


def race_in(folder, runs, method=METHOD):
    return Race(CONTEST, method, SPEAKERS, folder, lambda contest, speaker: Parabola(runs))


def whole_race(folder, runs=None):
    race = race_in(folder, [] if runs is None else runs)
    race.tune()
    for place in range(len(SPEAKERS)):
        race.final(place)
    race.rates()
    return race


def test_a_study_cut_short_goes_on_as_it_would_have_gone(tmp_path):
    whole = whole_race(tmp_path / "whole")
    pieces = race_in(tmp_path / "pieces", [])

    class Enough(Exception):
        pass

    for stop_after in (3, 2):  # runs of this sitting
        race = race_in(tmp_path / "pieces", [])
        race.tracks = limited(stop_after, Enough)
        with pytest.raises(Enough):
            race.tune()
    pieces = whole_race(tmp_path / "pieces")
    assert pieces.ledger.entries == whole.ledger.entries
    assert len(pieces.ledger.of("trial")) == NUM_TRIALS


def limited(count, stop):
    """Tracks that end the sitting after so many runs."""
    left = [count]

    def tracks(contest, speaker):
        left[0] -= 1
        if left[0] < 0:
            raise stop
        return Parabola([])

    return tracks


def test_nothing_is_run_twice(tmp_path):
    runs = []
    whole_race(tmp_path, runs)
    assert len(runs) == NUM_TRIALS + len(SPEAKERS) + len(RATE_FACTORS)
    whole_race(tmp_path, runs)
    assert len(runs) == NUM_TRIALS + len(SPEAKERS) + len(RATE_FACTORS)


def test_the_best_trial_is_run_on_every_speaker_with_other_seeds(tmp_path):
    race = whole_race(tmp_path)
    losses = [entry.final_loss for entry in race.ledger.of("trial")]
    assert race.best.final_loss == min(losses)
    finals = race.ledger.of("final")
    assert [(entry.key, entry.seed) for entry in finals] == [("ann", 1), ("bob", 2)]
    assert all(entry.drawn == race.best.drawn for entry in finals)
    assert {entry.seed for entry in race.ledger.of("trial")} == {0}


def test_a_share_of_the_steps_and_a_damped_rate(tmp_path):
    method = Method(
        "half", "half", "hnrc", (0.1, 0.1001), {"rank": 2}, {"damping": (4.0, 4.0001)}, 0.5, damped_rate=True
    )
    runs = []
    race_in(tmp_path, runs, method).tune()
    assert all(steps == 4 and rate == pytest.approx(0.4, rel=1e-2) for rate, _, steps, _ in runs)


def test_a_diverged_run_is_kept_as_such(tmp_path):
    entry = RunEntry("trial", "0", {}, None, 0, as_json([Point(3, 3.0, 1.0, math.inf, 1.0)]), "abc")
    RunLedger(tmp_path / "a.json").add(entry)
    read = RunLedger(tmp_path / "a.json").entries
    assert read == [entry]
    assert read[0].final_loss == math.inf
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))[0]["points"][0]["train_loss"] is None
    (tmp_path / "b.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="must hold a list of runs, got dict"):
        RunLedger(tmp_path / "b.json")


def test_the_time_to_a_loss_is_found_between_points():
    points = [{"step": k, "train_loss": math.exp(-k / 2)} for k in (0, 4, 8)]
    assert time_to(points, math.exp(-1.5), "step") == pytest.approx(3.0)
    assert time_to(points, math.exp(-3.0), "step") == pytest.approx(6.0)
    assert time_to(points, math.exp(-9.0), "step") == math.inf
    assert time_to([{"step": 0, "train_loss": 0.1}], 0.2, "step") == 0.0
    diverged = [{"step": 0, "train_loss": 1.0}, {"step": 5, "train_loss": None}]
    assert time_to(diverged, 0.5, "step") == math.inf


def test_the_width_of_the_rates_is_that_of_the_unbroken_range(tmp_path):
    race = race_in(tmp_path, [])
    losses = {0.125: 5.0, 0.25: 1.05, 0.5: 9.0, 1.0: 1.0, 2.0: 1.09, 4.0: 1.2, 8.0: math.inf}
    for factor, loss in losses.items():
        kind, key = ("final", "ann") if factor == 1.0 else ("rate", str(factor))
        points = as_json([Point(1, 1.0, 1.0, loss, 0.5)])
        race.ledger.add(RunEntry(kind, key, {}, "ann", 1, points, "abc"))
    width, table = rate_width(race)
    assert width == 2.0  # a quarter is as good, but a half is not
    np.testing.assert_array_equal(table[:, 0], list(losses))
    assert np.isnan(table[-1, 1])


def test_the_summary_counts_all_runs(tmp_path):
    race = whole_race(tmp_path)
    rival = Race(CONTEST, METHODS["adamw"], SPEAKERS, tmp_path, lambda contest, speaker: Parabola([]))
    rival.tune()
    for place in range(2):
        rival.final(place)
    scalars, arrays = summarise({"toy": [race, rival]})
    finals = [entry.final_loss for entry in race.ledger.of("final")]
    assert scalars["toy/descent/train_loss_mean"] == pytest.approx(np.mean(finals))
    assert scalars["toy/descent/train_loss_deviation"] == pytest.approx(np.std(finals, ddof=1))
    assert scalars["toy/target"] == pytest.approx(rival.ledger.of("final")[0].final_loss)
    assert scalars["toy/descent/gradients_per_step"] == 1.0
    assert scalars["toy/descent/seconds_per_step"] == pytest.approx(0.1)
    assert scalars["toy/adamw/reached_target"] == 2
    assert scalars["toy/adamw/step_to_target"] == pytest.approx(8.0)
    assert scalars["toy/adamw/rate_width"] is None
    assert arrays["toy/descent/train_loss"].shape == (2, 9)


def test_the_contests_and_methods_are_those_that_were_promised():
    assert set(CONTESTS) == {*RECORDED, "quick"}
    assert set(RECORDED) == {"cnn", "lstm", "ctc"}
    assert len(METHODS) == 12  # ten, the hybrid at half of the steps, and its control
    for method in METHODS.values():
        spaces = method.distributions()
        assert {"learning_rate", "clip"} <= set(spaces)
    assert CONTESTS["ctc"].budget(METHODS["adamw-half"]) == Budget(80)
