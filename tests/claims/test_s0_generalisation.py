"""Claims 0.3 and 0.12 against steps taken one by one."""

import torch

from hnrc_lib.claims.linear_softmax import coarse_digits
from hnrc_lib.claims.s0_generalisation import DAMPING, LITTLE


def test_both_trainings_end_at_a_stationary_point(measured):
    numbers = measured("0.3").numbers
    assert numbers["largest_gradient_at_end"] <= 1e-9
    assert numbers["end_distance"] < 1e-6


def test_at_one_training_loss_the_limit_of_damping_generalises_as_damping_does(measured):
    numbers = measured("0.3").numbers
    assert numbers["test_loss_much"] < numbers["test_loss_little"]
    assert abs(numbers["test_loss_gradient"] - numbers["test_loss_much"]) < 0.25 * numbers["saved"]
    assert numbers["test_loss_much"] > 3 * numbers["training_loss"]  # it over-fits all the same


def test_the_effective_dimension_is_the_trace_of_what_the_steps_do(measured):
    numbers = measured("0.12").numbers
    problem = coarse_digits()
    hessian = problem.hessian(problem.minimise(LITTLE))
    identity = torch.eye(len(hessian), dtype=torch.float64)
    one_step = torch.linalg.solve(hessian + DAMPING * identity, hessian)
    reached = torch.zeros_like(hessian)  # where k steps from 0 end, as a linear map of where the minimum is
    for step in range(1, 11):
        reached = reached + one_step @ (identity - reached)
        if step in (1, 10):
            name = "dimension_of_one_step" if step == 1 else "dimension_of_ten_steps"
            torch.testing.assert_close(float(reached.trace()), numbers[name])
    assert numbers["rank"] == torch.linalg.matrix_rank(hessian) == numbers["parameters_after"]
