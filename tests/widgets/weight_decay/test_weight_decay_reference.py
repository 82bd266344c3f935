"""The reference against brute force, the library's own rules, and the conditions of a minimum."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.optim.curvature import Curvature
from hnrc_lib.optim.damped_newton import DampedNewton
from hnrc_lib.optim.regularization import L2, DecoupledDecay, L1Proximal, L1Subgradient, l1, l2, regularize
from hnrc_lib.widgets.weight_decay import reference

STATES = st.fixed_dictionaries(
    {
        "penalty": st.sampled_from(reference.PENALTIES),
        "steps": st.sampled_from(reference.STEPS),
        "optimum": st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)).map(list),
        "strength": st.floats(0.0, 2.5),
        "learning_rate": st.floats(0.05, 1.0),
        "ratio": st.floats(1.0, 9.0),
        "angle": st.floats(-180.0, 180.0),
    }
)
L1_STATES = STATES.map(lambda state: state | {"penalty": "l1"})


def loss(state: dict[str, Any], theta: np.ndarray) -> np.ndarray:
    """The bare loss at points of shape (..., 2)."""
    off = theta - np.asarray(state["optimum"])
    return 0.5 * np.einsum("...i,ij,...j->...", off, reference.hessian(state), off)


def coordinate_descent(matrix: np.ndarray, optimum: np.ndarray, strength: float) -> np.ndarray:
    """L1's minimiser, one coordinate at a time until nothing moves."""
    pull, theta = matrix @ optimum, np.zeros(2)
    for _ in range(400):
        for i in (0, 1):
            alone = pull[i] - matrix[i, 1 - i] * theta[1 - i]
            theta[i] = math.copysign(max(abs(alone) - strength, 0.0), alone) / matrix[i, i]
    return theta


@given(angle=st.floats(-180, 180), ratio=st.floats(1, 9))
@settings(max_examples=30, deadline=None)
def test_the_hessian_has_its_eigenvalues_and_directions(angle: float, ratio: float) -> None:
    matrix = reference.hessian({"angle": angle, "ratio": ratio})
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [1 / ratio, 1], rtol=1e-12)
    flat = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    np.testing.assert_allclose(matrix @ flat, flat / ratio, atol=1e-12)


@given(state=L1_STATES)
@settings(max_examples=10, deadline=None)
def test_the_l1_minimiser_is_that_of_coordinate_descent(state: dict[str, Any]) -> None:
    matrix, optimum = reference.hessian(state), np.asarray(state["optimum"])
    slow = coordinate_descent(matrix, optimum, state["strength"])
    np.testing.assert_allclose(reference.minimiser(state), slow, atol=1e-7)


@given(state=L1_STATES)
@settings(max_examples=25, deadline=None)
def test_the_l1_minimiser_meets_the_conditions_of_a_minimum(state: dict[str, Any]) -> None:
    theta, strength = reference.minimiser(state), state["strength"]
    slope = reference.hessian(state) @ (theta - np.asarray(state["optimum"]))
    for value, gradient in zip(theta, slope, strict=True):
        if value == 0:
            assert abs(gradient) <= strength + 1e-11
        else:
            assert gradient == pytest.approx(-strength * math.copysign(1, value), abs=1e-11)


@given(state=STATES)
@settings(max_examples=10, deadline=None)
def test_the_minimiser_is_least_over_its_region(state: dict[str, Any]) -> None:
    kind, radius = reference.constraint(state)
    turn = np.linspace(0, 2 * np.pi, 4001)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if kind == "diamond":
        circle /= np.abs(circle).sum(axis=1, keepdims=True)
    elif kind == "ellipse":
        circle /= np.sqrt(np.einsum("ni,ij,nj->n", circle, reference.hessian(state), circle))[:, None]
    best = loss(state, radius * circle).min()
    here = float(loss(state, reference.minimiser(state)))
    assert here <= best + 1e-12
    assert here >= best - 1e-4 - 4 * radius * 2e-3


def test_the_region_is_named_after_the_decay() -> None:
    kinds = {
        (penalty, steps): reference.constraint({**reference.FIRST, "penalty": penalty, "steps": steps})[0]
        for penalty in reference.PENALTIES
        for steps in reference.STEPS
    }
    assert kinds[("l1", "newton")] == "diamond"
    assert kinds[("decoupled", "gradient")] == kinds[("l2", "newton")] == "ball"
    assert kinds[("decoupled", "newton")] == "ellipse"


@given(state=L1_STATES)
@settings(max_examples=10, deadline=None)
def test_the_l1_path_is_straight_between_its_bends(state: dict[str, Any]) -> None:
    bends = [0.0, *reference.breakpoints(state), reference.LARGEST_STRENGTH]
    for low, high in itertools.pairwise(bends):
        ends = [reference.minimiser(state, strength) for strength in (low, high)]
        for share in (0.25, 0.5):
            between = reference.minimiser(state, low + share * (high - low))
            np.testing.assert_allclose(between, ends[0] + share * (ends[1] - ends[0]), atol=1e-9)


@pytest.mark.parametrize(
    ("angle", "optimum"),
    [(-40.0, [1.3, 0.5]), (20.0, [-0.4, 1.2]), (60.0, [0.9, 1.2]), (0.0, [1.0, 0.0]), (20.0, [0.0, 0.0])],
)
def test_zeros_come_where_a_fine_scan_finds_them(angle: float, optimum: list[float]) -> None:
    state = {**reference.FIRST, "angle": angle, "optimum": optimum}
    scan = np.linspace(0, reference.LARGEST_STRENGTH, 251)
    counts = np.array([(reference.minimiser(state, strength) == 0).sum() for strength in scan.tolist()])
    increases = np.repeat(scan[1:], np.maximum(np.diff(counts), 0))
    found = reference.zero_strengths(state)
    assert len(found) == len(increases)
    assert all(0 <= seen - zero <= 1.01e-2 for zero, seen in zip(found, increases, strict=True))


def test_a_coordinate_may_leave_zero_again() -> None:
    state = {**reference.FIRST, "ratio": 9.0, "angle": 20.0, "optimum": [0.3, 1.0]}
    signs = np.sign([reference.minimiser(state, s)[0] for s in np.linspace(0, 2.5, 126).tolist()])
    assert set(np.unique(signs)) >= {0.0, 1.0}
    everything = max(np.abs(reference.hessian(state) @ [0.3, 1.0]))
    assert reference.zero_strengths(state)[-1] == pytest.approx(everything, rel=1e-12)


def library_points(method: str, state: dict[str, Any], num_steps: int) -> np.ndarray:
    """The steps of the library's own optimisers and rules on the same loss."""
    matrix = torch.tensor(reference.hessian(state))
    optimum = torch.tensor(state["optimum"], dtype=torch.float64)
    theta = torch.nn.Parameter(optimum.clone())
    strength, rate = state["strength"], state["learning_rate"]

    def bare() -> torch.Tensor:
        off = theta - optimum
        return off @ matrix @ off / 2

    points = [theta.detach().clone()]
    if state["steps"] == "gradient":
        rule = {"subgradient": L1Subgradient, "proximal": L1Proximal, "l2": L2, "decoupled": DecoupledDecay}
        optimizer = torch.optim.SGD([theta], lr=rate)
        regularize(optimizer, rule[method](strength), exclude=None)
        for _ in range(num_steps):
            optimizer.zero_grad()
            bare().backward()
            optimizer.step()
            points.append(theta.detach().clone())
        return torch.stack(points).numpy()
    optimizer = DampedNewton([theta], lr=rate, damping=0.0, curvature=Curvature("hessian"))
    penalty = {"subgradient": l1, "l2": l2}.get(method)

    def whole() -> torch.Tensor:
        return bare() if penalty is None else bare() + penalty({"theta": theta}, strength, exclude=None)

    if method in {"proximal", "decoupled"}:
        rule = L1Proximal(strength) if method == "proximal" else DecoupledDecay(strength)
        regularize(optimizer, rule, exclude=None)
    for _ in range(num_steps):
        optimizer.step(whole)
        points.append(theta.detach().clone())
    return torch.stack(points).numpy()


@pytest.mark.parametrize("steps", reference.STEPS)
@pytest.mark.parametrize("method", ["subgradient", "proximal", "l2", "decoupled"])
def test_steps_are_those_of_the_library(method: str, steps: str) -> None:
    penalty = method if method in reference.PENALTIES else "l1"
    state = {**reference.FIRST, "penalty": penalty, "steps": steps, "strength": 0.3}
    assert method in reference.methods(state)
    ours = reference.run(method, state).points
    np.testing.assert_allclose(library_points(method, state, 30), ours[:31], rtol=1e-9, atol=1e-12)


@given(state=STATES)
@settings(max_examples=10, deadline=None)
def test_rest_is_a_fixed_point_where_the_penalty_has_no_corner(state: dict[str, Any]) -> None:
    for method in reference.methods(state):
        rest = reference.run(method, state).rest
        if method == "subgradient" and (rest == 0).any():
            continue
        np.testing.assert_allclose(reference.take_step(method, rest, state), rest, atol=1e-9)


@given(state=STATES)
@settings(max_examples=10, deadline=None)
def test_growth_says_whether_steps_come_to_rest(state: dict[str, Any]) -> None:
    state = state | {"penalty": "decoupled" if state["penalty"] == "l1" else state["penalty"]}
    (method,) = reference.methods(state)
    made, factor = reference.run(method, state), reference.growth(state)
    off = np.linalg.norm(made.points - made.rest, axis=1)
    assert (off <= off[0] * factor ** np.arange(len(off)) * (1 + 1e-6) + 1e-9).all()


def test_subgradient_steps_chatter_where_proximal_steps_rest() -> None:
    slow, exact = (reference.run(name, reference.FIRST) for name in ("subgradient", "proximal"))
    assert reference.minimiser(reference.FIRST)[1] == 0
    assert slow.zero_since[1] is None
    assert slow.crossings[1] > 10
    assert 0 < np.abs(slow.points[-20:, 1]).max() < 0.3 * 0.75 * 2
    assert exact.zero_since[1] is not None
    assert (exact.points[exact.zero_since[1] :, 1] == 0).all()
    assert exact.points[exact.zero_since[1] - 1, 1] != 0


def test_the_diverging_state_grows() -> None:
    state = {**reference.FIRST, "penalty": "l2", "strength": 2.5, "learning_rate": 1.0}
    assert reference.growth(state) == pytest.approx(2.5)
    assert np.abs(reference.run("l2", state).points[-1]).max() > 1e6
