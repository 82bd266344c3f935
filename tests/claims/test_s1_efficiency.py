"""Claim 1.7: steps counted by taking them, and the record read by hand."""

import pytest
import torch

from hnrc_lib.audio.linear_prediction import prediction_problem
from hnrc_lib.claims.s1_efficiency import QUADRATICS, SECOND_ORDER, WORD
from hnrc_lib.datasets import load_digits
from hnrc_lib.experiments.record import load_record


@pytest.mark.parametrize(("name", "order", "damping"), QUADRATICS)
def test_the_steps_of_gradient_descent_are_those_that_it_takes(name, order, damping, measured):
    samples = torch.as_tensor(load_digits("train", language="en")[WORD].samples).double()
    X, y = prediction_problem(samples, order)
    R, r = X.T @ X, X.T @ y
    A = R + damping * R[0, 0] * torch.eye(order, dtype=R.dtype)
    h, exact = torch.linalg.eigvalsh(A), torch.linalg.solve(A, r)
    x, steps = torch.zeros_like(exact), 0
    while (x - exact).norm() > 1e-6 * exact.norm():
        x, steps = x + 2 / (h[0] + h[-1]) * (r - A @ x), steps + 1
    numbers = measured("1.7").numbers
    assert abs(numbers[f"{name}_steps"] - steps) <= 1
    assert numbers[f"{name}_saving"] == pytest.approx(steps * 6 / (order + 6), rel=2 / steps)


def test_what_is_said_of_networks_stands_in_a_full_record(measured):
    record = load_record("optimisers")
    assert record.provenance.scale == "full"
    reached = [
        task + method
        for task in record.provenance.config["contests"]
        for method in SECOND_ORDER
        if record.scalars[f"{task}/{method}/step_to_target"] is not None
    ]
    assert measured("1.7").numbers["pairs_reached"] == len(reached)
    assert set(SECOND_ORDER) < set(record.provenance.config["methods"])
