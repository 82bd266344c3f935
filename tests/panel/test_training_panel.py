import base64
import math
import re

import numpy as np
import pytest

from hnrc_lib.experiments.record import load_record
from hnrc_lib.panel import PanelSettings, TrainingPanel, nearest_recorded


@pytest.fixture
def panel(few):
    made = TrainingPanel(parts=few)
    made.controls["epochs"].value = 1
    yield made
    made.stop()
    made.wait(60)


def test_a_run_trains_and_is_kept(panel):
    panel.controls["epochs"].value = 2
    panel.train()
    assert panel.train_button.disabled
    assert not panel.stop_button.disabled
    panel.wait(300)
    (result,) = panel.results
    assert result.outcome.state == "finished"
    assert len(result.losses) == 4
    assert panel.progress.value == panel.progress.max == 4
    assert [step for step, _ in result.epochs] == [2, 4]
    assert np.isfinite(result.losses).all()
    assert len(set(result.losses)) == 4
    assert 0 <= result.outcome.test_error <= 1
    assert f"Test error {result.outcome.test_error:.1%}" in panel.status.value
    assert f"{result.outcome.test_error:.1%}" in panel.table.value
    assert not panel.train_button.disabled
    assert panel.stop_button.disabled


def test_stop_ends_a_run_and_a_second_run_waits_for_the_first(panel):
    panel.controls["epochs"].value = 50
    panel.train()
    panel.train()
    assert len(panel.results) == 1
    panel.clear()
    assert len(panel.results) == 1
    panel.stop()
    panel.wait(300)
    assert panel.results[0].outcome.state == "stopped"
    assert len(panel.results[0].losses) < 50 * 2
    panel.clear()
    assert panel.results == []
    assert "Ready" in panel.status.value


def test_a_run_that_diverges_is_said_to(panel):
    panel.controls["epochs"].value = 8
    panel.controls["optimizer"].value = "SGD with momentum"
    panel.controls["rate"].max = 30
    panel.controls["rate"].value = 1e25
    panel.train()
    panel.wait(300)
    assert panel.results[0].outcome.state == "diverged"
    assert "Diverged" in panel.status.value


def test_a_failure_is_shown_in_words(tmp_path):
    panel = TrainingPanel(size="full", data_dir=tmp_path)
    panel.train()
    panel.wait(60)
    assert panel.results[0].outcome.state == "failed"
    assert "FileNotFoundError: FSDD is needed" in panel.status.value
    assert not panel.train_button.disabled


def test_only_hnrc_has_a_damping_and_each_optimiser_a_rate_to_begin_with(panel):
    assert not panel.controls["damping"].disabled
    panel.controls["optimizer"].value = "AdamW"
    assert panel.controls["damping"].disabled
    assert panel.settings().rate == pytest.approx(0.005)


def test_the_picture_says_in_words_what_it_shows(panel):
    assert 'alt="No training yet."' in panel.picture.value
    (data,) = re.findall(r"base64,([^\"]+)", panel.picture.value)
    assert base64.b64decode(data).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "place", "told"),
    [
        ({"damping": 3.0}, (2, 0, 0), "λ 3, unclipped, no decay"),
        ({"damping": 20.0, "clip": 4.0}, (1, 0, 1), "λ 30, clip 5, no decay"),
        ({"optimizer": "SGD with momentum", "decay": 0.03, "clip": 0.1}, (0, 1, 2), "SGD, clip 1, decay "),
    ],
)
def test_the_nearest_recorded_run_by_logarithms(changes, place, told):
    record = load_record("sweep")
    assert record.arrays["damping"].tolist() == [math.inf, 30.0, 3.0, 0.3]
    assert record.arrays["clip"].tolist() == [math.inf, 5.0, 1.0]
    curve = nearest_recorded(record, PanelSettings(**changes))
    assert np.array_equal(curve.loss, record.arrays["train_loss"][place].mean(axis=0), equal_nan=True)
    assert f"FSDD, george held out: {told}" in curve.label


@pytest.mark.parametrize("changes", [{"model": "LSTM"}, {"optimizer": "AdamW"}])
def test_what_was_not_recorded_has_no_curve(changes):
    assert nearest_recorded(load_record("sweep"), PanelSettings(**changes)) is None
