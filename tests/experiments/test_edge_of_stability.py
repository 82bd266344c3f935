from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch.func import functional_call

from hnrc_lib.curvature import dense_hessian
from hnrc_lib.experiments import edge_of_stability
from hnrc_lib.experiments.digit_problem import digit_problem
from hnrc_lib.experiments.edge_crossings import crossings
from hnrc_lib.experiments.edge_methods import METHODS
from hnrc_lib.experiments.edge_of_stability import (
    LOSSES,
    Config,
    Planned,
    initial_model,
    squared_error,
)

TINY = Config(
    corpus="digits",
    num_utterances=60,
    pooled=(2, 3),
    hidden=(4,),
    weight_scale=0.5,
    steps=12,
    every=6,
    plan=(*(Planned("mse", method, 0.3) for method in METHODS), Planned("cross_entropy", "descent", 1.0)),
)


@pytest.fixture(scope="module")
def seen():
    return edge_of_stability.run(TINY)


def _problem():
    return digit_problem("digits", num_utterances=60, pooled=(2, 3), hidden=4, seed=0)


@pytest.mark.parametrize(("row", "loss"), [(0, "mse"), (5, "cross_entropy")])
def test_a_run_is_gradient_descent_and_its_sharpness_that_of_the_dense_hessian(seen, row, loss):
    problem, rate = _problem(), TINY.plan[row].rate
    model = initial_model(TINY, 6)
    params = {name: value.detach() for name, value in model.named_parameters()}

    def of(p):
        return LOSSES[loss](functional_call(model, p, (problem.features,)), problem.labels)

    for step in range(7):
        if step % 6 == 0:
            sharpness = torch.linalg.eigvalsh(dense_hessian(of, params))[-1]
            assert seen.arrays["sharpness"][row, step // 6] == pytest.approx(float(sharpness), rel=1e-3)
            assert seen.arrays["level"][row, step // 6] == pytest.approx(
                float(sharpness) * rate / 2, rel=1e-3
            )
        assert seen.arrays["loss"][row, step] == pytest.approx(float(of(params)), rel=1e-5)
        slopes = torch.func.grad(of)(params)
        params = {name: value - rate * slopes[name] for name, value in params.items()}


def test_all_runs_start_at_one_point(seen):
    arrays = seen.arrays
    assert np.ptp(arrays["loss"][:5, 0]) == 0
    assert np.ptp(arrays["sharpness"][:5, 0]) == 0
    assert len(set(arrays["loss"][:5, 6])) == 5
    assert arrays["steps"].tolist() == [0, 6]


def test_squared_error_is_half_the_squared_distance_to_the_digit_said():
    outputs, labels = (
        torch.randn(4, 3, generator=torch.Generator().manual_seed(0)),
        torch.tensor([2, 0, 1, 1]),
    )
    by_hand = sum(
        0.5 * float(((row - torch.eye(3)[y]) ** 2).sum()) for row, y in zip(outputs, labels, strict=True)
    )
    assert float(squared_error(outputs, labels)) == pytest.approx(by_hand / 4)


def test_a_run_says_how_it_was_made(seen):
    assert seen.provenance.scale == "reduced"
    assert seen.provenance.config == asdict(TINY)
    assert [run["method"] for run in seen.scalars["runs"]] == [*METHODS, "descent"]
    assert seen.scalars["runs"][1]["limit"] == pytest.approx(2 * 1.5 / 0.3)


def test_steps_that_every_does_not_divide_are_refused():
    with pytest.raises(ValueError, match="every must divide steps, 12, got 5"):
        edge_of_stability.run(replace(TINY, every=5))


def test_a_run_that_diverges_is_refused_by_name():
    wild = replace(TINY, plan=(Planned("mse", "descent", 1e9),), steps=60)
    with pytest.raises(ValueError, match=r"every run must stay finite, but Planned.* reached"):
        edge_of_stability.run(wild)


def test_crossings_read_a_run_whose_answers_are_known():
    steps = np.arange(0, 8, 2)
    level = np.array([[0.5, 1.1, 0.9, 1.0], [0.1, 0.2, 0.3, 0.4]])
    loss = np.array([[8.0, 7, 6, 5, 5.5, 4, 4.5, 3], [8.0, 7, 6, 5, 4, 3, 2, 1]])
    sharpness = 10 * level
    first, second = crossings({"steps": steps, "level": level, "loss": loss, "sharpness": sharpness}, span=3)
    assert first.step == 2
    assert first.level == pytest.approx(1.0)
    assert first.rises == pytest.approx(2 / 5)
    assert first.long_rises == pytest.approx(0.0)
    assert (first.initial, first.peak, first.last) == (5.0, 11.0, 10.0)
    assert (second.step, second.level, second.rises) == (None, None, None)
