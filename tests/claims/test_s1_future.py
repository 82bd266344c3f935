"""Claim 1.12: the numbers of the record and of the table by hand, and the adapted descent."""

import json

from hnrc_lib.experiments.record import load_record
from hnrc_lib.paths import shipped


def test_the_hybrid_is_compared_with_its_control_on_every_task(measured):
    scalars = load_record("optimisers").scalars
    won = [
        scalars[f"{task}/hnrc-adam/train_loss_mean"] < scalars[f"{task}/adamw-half/train_loss_mean"]
        for task in ("cnn", "lstm", "ctc")
    ]
    numbers = measured("1.12").numbers
    assert (numbers["tasks_won_by_fusion"], numbers["num_tasks"]) == (sum(won), 3)


def test_the_table_for_a_card_says_whether_it_ran(measured):
    table = json.loads((shipped("benchmarks") / "gpu.json").read_text("utf-8"))
    ran = [row for case in table["cases"] for row in case["rows"] if row["milliseconds"] is not None]
    assert measured("1.12").numbers["gpu_rows_run"] == len(ran)


def test_adapting_is_between_the_best_and_the_worst_fixed_damping(measured):
    numbers = measured("1.12").numbers
    assert numbers["best_fixed_loss"] < numbers["worst_fixed_loss"]
    assert numbers["adapted_loss"] < numbers["worst_fixed_loss"]
