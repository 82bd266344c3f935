"""The reference against autograd, against torch's own cells, and against products taken one by one."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from hnrc_lib.widgets.gradient_time import reference

LENGTH = 9


def state_of(cell: str, **change: Any) -> dict[str, Any]:
    """A short sequence's state with its arrays."""
    seed = change.pop("seed", 1)
    return {**reference.FIRST, **reference.cell_arrays(seed), "cell": cell, "length": LENGTH, **change}


def torch_states(state: dict[str, Any]) -> list[torch.Tensor]:
    """s₀ … s_T as one graph, each step by torch's own modules."""
    weights = state["radius"] * torch.tensor(state["recurrent"], dtype=torch.float64)
    inputs = torch.tensor(state["inputs"], dtype=torch.float64)
    n = weights.shape[1]
    states = [torch.zeros(2 * n if state["cell"] == "lstm" else n, dtype=torch.float64, requires_grad=True)]
    lstm = torch.nn.LSTMCell(4 * n, n, dtype=torch.float64)
    with torch.no_grad():
        lstm.weight_hh.copy_(weights.flatten(0, 1))
        lstm.weight_ih.copy_(torch.eye(4 * n))
        lstm.bias_hh.zero_()
        lstm.bias_ih.zero_()
        lstm.bias_ih[n : 2 * n] = state["forget_bias"]
    for t in range(state["length"]):
        before = states[-1]
        if state["cell"] == "lstm":
            pair = (before[None, :n], before[None, n:])
            states.append(torch.cat(lstm(inputs[:, t].flatten()[None], pair), dim=1)[0])
            continue
        moved = weights[2] @ before + inputs[2, t]
        states.append(torch.tanh(moved) if state["cell"] == "tanh" else moved)
    return states


@pytest.mark.parametrize("cell", reference.CELLS)
@pytest.mark.parametrize(("radius", "forget_bias"), [(0.7, -1.0), (1.6, 2.0)])
def test_gains_equal_autograd(cell: str, radius: float, forget_bias: float) -> None:
    state = state_of(cell, radius=radius, forget_bias=forget_bias)
    n = reference.NUM_UNITS
    states = torch_states(state)
    whole = reference.inspect(state).gains
    assert whole.shape == (LENGTH + 1, LENGTH + 1)
    assert np.isnan(whole[np.triu_indices(LENGTH + 1, 1)]).all()
    for last in (0, 4, LENGTH):
        squares = np.zeros(last + 1)
        for unit in range(n):
            found = torch.autograd.grad(states[last][unit], states[: last + 1], retain_graph=True)
            squares += [float((gradient**2).sum()) for gradient in found]
        np.testing.assert_allclose(whole[last, : last + 1], np.sqrt(squares / n), rtol=1e-10)


@pytest.mark.parametrize("cell", reference.CELLS)
def test_the_norm_is_the_mean_over_directions(cell: str) -> None:
    state = state_of(cell, radius=1.4, threshold=0.5)
    shown = reference.inspect(state)
    generator = np.random.default_rng(0)
    jacobians, squares = reference.step_jacobians(state), []
    for _ in range(3000):
        direction = generator.standard_normal(reference.NUM_UNITS)
        row = np.zeros(len(jacobians[0]))
        row[: reference.NUM_UNITS] = direction / np.linalg.norm(direction)
        total = 1.0
        for jacobian in jacobians[:0:-1]:
            row = row @ jacobian
            total += float(row @ row)
        squares.append(total)
    assert shown.norm == pytest.approx(math.sqrt(np.mean(squares)), rel=0.05)
    assert shown.scale * shown.norm == pytest.approx(0.5)


@pytest.mark.parametrize("cell", ["linear", "tanh"])
@pytest.mark.parametrize("radius", [0.5, 1.0, 1.9])
def test_no_gain_exceeds_the_bound(cell: str, radius: float) -> None:
    state = state_of(cell, radius=radius, length=40)
    shown = reference.inspect(state)
    assert shown.bound is not None
    for last in range(41):
        back = np.arange(last, -1, -1)
        assert (shown.gains[last, : last + 1] <= shown.bound**back * (1 + 1e-12)).all()


def test_a_linear_cell_ends_on_the_geometric_line() -> None:
    state = state_of("linear", radius=0.8, length=80, seed=0)
    row = reference.inspect(state).gains[-1]
    slopes = np.diff(np.log(row[:40]))
    assert -slopes.mean() == pytest.approx(math.log(0.8), rel=0.02)
    assert reference.rate(state) == 0.8


def test_the_forget_gate_carries_the_gradient() -> None:
    low, high = (reference.inspect(state_of("lstm", forget_bias=b, length=60)) for b in (-1.0, 4.0))
    assert low.lost is not None
    assert low.lost[1] == "vanishes"
    assert high.lost is None
    assert high.rate == pytest.approx(1 / (1 + math.exp(-4)))
    assert high.bound is None


@pytest.mark.parametrize(("radius", "how"), [(0.5, "vanishes"), (1.5, "explodes")])
def test_where_the_gradient_is_lost(radius: float, how: str) -> None:
    shown = reference.inspect(state_of("linear", radius=radius, length=60))
    assert shown.lost is not None
    back, found = shown.lost
    assert found == how
    row = shown.gains[-1][::-1]
    outside = (row < 1e-3) | (row > 1e3)
    assert outside[back]
    assert not outside[:back].any()


def test_a_clip_caps_the_norm_and_leaves_the_shares() -> None:
    loose, tight = (
        reference.inspect(state_of("linear", radius=1.3, threshold=c, length=60)) for c in (1e3, 0.1)
    )
    assert loose.scale > tight.scale
    assert tight.scale * tight.norm == pytest.approx(0.1)
    clipped = tight.scale * tight.gains[-1, 1:]
    assert (clipped[-10:] ** 2).sum() / (clipped**2).sum() == pytest.approx(loose.recent)
    small = reference.inspect(state_of("linear", radius=0.4, threshold=1000.0))
    assert small.scale == 1


@pytest.mark.parametrize("cell", reference.CELLS)
@pytest.mark.parametrize("seed", [0, 3])
def test_balance_makes_the_gain_one(cell: str, seed: int) -> None:
    state = state_of(cell, length=40, seed=seed, radius=1.1)
    found = reference.balance(state)
    if found is None:
        name, ends = ("forget_bias", (-2.0, 6.0)) if cell == "lstm" else ("radius", (0.3, 2.0))
        gains = [reference.inspect({**state, name: end}).gains[-1, 0] for end in ends]
        assert (gains[0] > 1) == (gains[1] > 1)
        assert cell != "linear"
        return
    assert reference.inspect({**state, **found}).gains[-1, 0] == pytest.approx(1, abs=0.1)
