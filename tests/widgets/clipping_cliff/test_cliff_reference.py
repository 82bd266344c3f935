"""The reference itself against autograd, dense linear algebra and what is known of the rules."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.widgets import ClippingCliff
from hnrc_lib.widgets.clipping_cliff import picture, reference

POINTS = st.tuples(st.floats(2.0, 7.0), st.floats(-4.4, 0.6))
GRADIENTS = st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)).map(np.array)


def state(**changes: Any) -> dict[str, Any]:
    return ClippingCliff(**changes).state()


def torch_loss(point: torch.Tensor) -> torch.Tensor:
    """The loss as its definition reads, for autograd."""
    x = torch.tensor(0.5, dtype=torch.float64)
    for _ in range(50):
        x = point[0] * torch.sigmoid(x) + point[1]
    return (torch.sigmoid(x) - 0.7) ** 2


@given(point=POINTS)
@settings(max_examples=40, deadline=None)
def test_gradient_equals_autograd(point: tuple[float, float]) -> None:
    where = torch.tensor(point, dtype=torch.float64)
    here = reference.evaluate(point)
    expected = torch.autograd.functional.jacobian(torch_loss, where).numpy()
    # rounding in x grows as the gradient does
    rtol = 1e-11 * (1 + np.linalg.norm(expected))
    assert float(here.loss) == pytest.approx(float(torch_loss(where)), rel=rtol, abs=1e-15 + 1e-14 * rtol)
    np.testing.assert_allclose(here.gradient, expected, rtol=rtol, atol=1e-13 * (1 + np.abs(expected).max()))


def test_a_grid_equals_its_points() -> None:
    grid = np.random.default_rng(0).uniform([2, -4.4], [7, 0.6], size=(3, 4, 2))
    whole, outputs = reference.evaluate(grid), reference.output(grid)
    for j, i in np.ndindex(3, 4):
        one = reference.evaluate(grid[j, i])
        np.testing.assert_allclose(whole.loss[j, i], one.loss, rtol=1e-12)
        np.testing.assert_allclose(whole.gradient[j, i], one.gradient, rtol=1e-10)
        assert (outputs[j, i] - 0.7) ** 2 == pytest.approx(float(one.loss), rel=1e-12)


def test_there_is_a_cliff() -> None:
    biases = np.linspace(-2.7, -2.6, 2001)
    losses = reference.evaluate(np.stack([np.full(2001, 5.0), biases], -1)).loss
    falls = np.abs(np.diff(losses))
    assert falls.max() > 0.1
    assert np.median(falls) < 1e-4


@given(gradient=GRADIENTS, damping=st.floats(1e-4, 100.0))
@settings(max_examples=60, deadline=None)
def test_rank_one_and_root_are_powers_of_the_dense_matrix(gradient: np.ndarray, damping: float) -> None:
    values, vectors = np.linalg.eigh(damping * np.eye(2) + np.outer(gradient, gradient))
    for rule, power in (("rank_one", -1.0), ("root", -0.5)):
        expected = vectors @ (values**power * (vectors.T @ gradient))
        got = reference.clipped(state(rule=rule, damping=damping), gradient)
        scale = np.linalg.norm(gradient) * damping**power
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * scale)


@given(gradient=GRADIENTS, threshold=st.floats(1e-3, 10.0))
@settings(max_examples=60, deadline=None)
def test_clipping_equals_torch(gradient: np.ndarray, threshold: float) -> None:
    by_value = reference.clipped(state(rule="value", threshold=threshold), gradient)
    expected = torch.tensor(gradient).clamp(-threshold, threshold).numpy()
    np.testing.assert_array_equal(by_value, expected)
    by_norm = reference.clipped(state(rule="norm", threshold=threshold), gradient)
    parameter = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    parameter.grad = torch.tensor(gradient)
    torch.nn.utils.clip_grad_norm_(parameter, threshold)
    # torch adds 1e-6 to the norm
    np.testing.assert_allclose(by_norm, parameter.grad.numpy(), rtol=2e-6 + 2e-6 / threshold, atol=1e-300)


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="rule must be one of none, value, norm, rank_one, root, got 'soft'"):
        reference.clipped(state() | {"rule": "soft"}, np.ones(2))


@pytest.mark.parametrize("damping", [0.01, 1.0, 50.0])
def test_longest_steps_are_those_of_theory(damping: float) -> None:
    norms = np.append(np.logspace(-4, 4, 4001), np.sqrt(damping))
    for rule, longest, where in (("rank_one", 0.5 / np.sqrt(damping), np.sqrt(damping)), ("root", 1.0, 1e4)):
        chosen = state(rule=rule, damping=damping)
        lengths = [np.linalg.norm(reference.clipped(chosen, np.array([0.6, 0.8]) * n)) for n in norms]
        assert max(lengths) == pytest.approx(longest, rel=1e-5)
        assert norms[np.argmax(lengths)] == pytest.approx(where, rel=1e-2)


@pytest.mark.parametrize("rule", reference.RULES)
def test_the_first_settings_show_the_throw_and_its_cure(rule: str) -> None:
    run = ClippingCliff(rule=rule).run()
    assert (run.thrown > 0, run.left) == (rule == "none", rule == "none")
    assert np.isfinite(run.points).all()
    if rule == "norm":
        assert run.steepest == ClippingCliff().current
        assert run.losses[-1] < 0.01


def test_what_to_try_is_so() -> None:
    few = ClippingCliff(threshold=0.02).run()
    assert few.losses[-1] > 0.05
    turned = ClippingCliff(rule="value").run()
    gradient, move = (each[turned.steepest - 1] for each in (turned.gradients, turned.moves))
    assert reference.angle(gradient, -move) > 10
    small = ClippingCliff(rule="rank_one", damping=0.01).run()
    assert small.thrown
    assert np.linalg.norm(small.gradients[small.thrown - 1]) < 1
    thrown = [
        ClippingCliff(rule="none", start=start).run().thrown > 0 for start in ((5.6, -2.0), (5.0, -1.5))
    ]
    assert thrown == [True, False]


@pytest.mark.parametrize("rule", reference.RULES)
@pytest.mark.parametrize("rate", [0.001, 10.0])
def test_every_extreme_is_finite_and_ends_at_the_edge(rule: str, rate: float) -> None:
    for start in ((2.0, -4.4), (7.0, 0.6), (5.02, -2.66), (4.9, -2.55), (7.0, -3.85)):
        for setting in ({"threshold": 0.001, "damping": 0.0001}, {"threshold": 10.0, "damping": 100.0}):
            run = reference.descend(state(rule=rule, start=start, learning_rate=rate, steps=200, **setting))
            assert np.isfinite(run.points).all()
            assert np.isfinite(run.losses).all()
            assert run.left == (not reference.inside(run.points[-1]))
            assert run.left or len(run.moves) == 200
            if run.left:
                edge = reference.to_edge(run.points[-2], run.points[-1])
                gaps = [
                    min(abs(x - low), abs(x - high))
                    for x, (low, high) in zip(edge, reference.WINDOW, strict=True)
                ]
                assert min(gaps) < 1e-12
                along, whole = edge - run.points[-2], run.points[-1] - run.points[-2]
                assert abs(along[0] * whole[1] - along[1] * whole[0]) <= 1e-9 * np.linalg.norm(whole)


def test_level_curves_lie_on_their_level() -> None:
    weights = np.linspace(2, 7, 41)
    outputs = picture.level_outputs()
    assert (np.diff(outputs) > 0).all()
    curves = reference.level_curve(outputs[:, None], weights)
    assert (np.diff(curves, axis=0) >= 0).all()
    for wanted, curve in zip(outputs, curves, strict=True):
        inside = (curve > -4.399) & (curve < 0.599)
        for sign in (-1, 1):
            # a bracket's height where the output jumps, far less where it is smooth
            for shift, share in ((5 / 2**9, 1.0), (2e-3, 0.5)):
                around = reference.output(np.stack([weights, curve + sign * shift], -1))
                assert np.mean((sign * (around - wanted) > -1e-12)[inside]) >= share


def test_angle() -> None:
    assert reference.angle(np.array([1.0, 1.0]), np.array([2.0, 2.0])) == pytest.approx(0, abs=1e-12)
    assert reference.angle(np.array([1.0, 0.0]), np.array([-1.0, 1.0])) == pytest.approx(135)
    assert np.isnan(reference.angle(np.zeros(2), np.ones(2)))
