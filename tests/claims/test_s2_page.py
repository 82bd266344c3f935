"""Claims 2.6, 2.7, 2.8 and 2.10 beside what must be so."""

import numpy as np
import pytest

from hnrc_lib.claims.s2_quantum import four_unknowns
from hnrc_lib.experiments.record import load_record


def test_the_guard_bites_and_the_program_does_not_notice_it(measured):
    numbers = measured("2.6").numbers
    assert numbers["guard_stops_a_product"] == 1
    assert numbers["difference_from_adam"] == 0 < numbers["moved"]
    assert numbers["test_steps"] * 2 == numbers["steps"]


def test_the_referee_is_quoted_from_the_record(measured):
    numbers, scalars = measured("2.7").numbers, load_record("optimisers").scalars
    first = min(
        scalars[f"lstm/{name}/train_loss_mean"] for name in ("sgd", "adam", "adamw", "rmsprop", "adagrad")
    )
    assert numbers["lstm_first_train_loss_mean"] == first
    assert numbers["cnn_wins"] == numbers["lstm_wins"] == numbers["ctc_wins"] == 0


@pytest.mark.parametrize("name", ["transformer", "graph"])
def test_steps_lower_the_loss(measured, name):
    numbers = measured("2.8").numbers
    assert numbers[f"after_{name}"] < 0.9 * numbers[f"before_{name}"]


def test_the_more_damping_the_fewer_bits(measured):
    numbers = measured("2.10").numbers
    assert numbers["bits_large"] < numbers["bits_middle"] < numbers["bits_small"]
    T, b = four_unknowns()
    assert np.linalg.eigvalsh(T)[0] == pytest.approx(numbers["smallest"])
    np.testing.assert_allclose(T, np.triu(np.tril(T, 1), -1))
    assert b[0] > 0 == abs(b[1:]).max()


def test_shares_of_the_work_fall_as_processes_are_added(measured):
    numbers, arrays = measured("2.9").numbers, load_record("parallel_products").arrays
    assert 0 < numbers["difference"] < 1e-12
    assert numbers["hessian_ms_4"] < numbers["hessian_ms_2"] < numbers["hessian_ms_1"]
    assert numbers["hessian_ms_1"] == pytest.approx(1e3 * arrays["hessian/cpu_seconds"][0])
