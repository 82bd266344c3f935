"""The reference against the library's own rank-one step, dense algebra and the closed forms of the claims."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.linalg import rank_one_corrected_step
from hnrc_lib.widgets import InversePicture
from hnrc_lib.widgets.inverse_picture import reference, words

STATES = st.fixed_dictionaries(
    {
        "eigenvalues": st.lists(st.floats(-2, 4), min_size=2, max_size=2),
        "rotation": st.floats(-180, 180),
        "damping": st.floats(0.05, 8),
        "gradient": st.lists(st.floats(-2, 2).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=2),
    }
)


@given(state=STATES)
@settings(max_examples=80, deadline=None)
def test_the_rank_one_step_is_the_librarys(state: dict[str, Any]) -> None:
    g = torch.tensor(state["gradient"], dtype=torch.float64)
    hvp = torch.from_numpy(reference.hessian(state)) @ g
    expected = rank_one_corrected_step(hvp, g, g, state["damping"])
    made = reference.rank_one_map(state)
    rho = reference.rank_one_eigenvalue(state)
    if rho is None or abs(rho) > 1e6 or abs(rho + state["damping"]) < 1e-6:
        return  # whether that counts as zero hangs on rounding
    assert (made.kind == "positive definite") == expected.positive_definite
    assert made.step is not None
    scale = np.abs(expected.solution.numpy()).max() * (1 + abs(rho) / abs(rho + state["damping"]))
    np.testing.assert_allclose(made.step, -expected.solution.numpy(), rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"eigenvalues": [1.0, -1.0], "gradient": [1.0, 1.0]}, "undefined", "curvature undefined"),
        ({"eigenvalues": [-0.5, -0.5], "gradient": [1.0, 0.0]}, "singular", "singular"),
        ({"eigenvalues": [-1.5, 0.5], "gradient": [1.0, 0.0]}, "not positive definite", None),
    ],
)
def test_breakdowns_are_the_librarys(changes: dict[str, Any], kind: str, reason: str | None) -> None:
    state = {**reference.FIRST, "rotation": 0.0, "damping": 0.5, **changes}
    g = torch.tensor(state["gradient"], dtype=torch.float64)
    expected = rank_one_corrected_step(torch.from_numpy(reference.hessian(state)) @ g, g, g, 0.5)
    made = reference.rank_one_map(state)
    assert made.kind == kind
    assert expected.reason == (reason or kind)
    assert made.step is not None
    assert made.matrix is not None
    np.testing.assert_allclose(made.step, -expected.solution.numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(-made.matrix @ state["gradient"], made.step, atol=1e-12)


@given(state=STATES)
@settings(max_examples=60, deadline=None)
def test_the_damped_step_solves_its_system(state: dict[str, Any]) -> None:
    made = reference.damped_map(state)
    matrix = reference.hessian(state) + state["damping"] * np.eye(2)
    values = np.linalg.eigvalsh(matrix)
    if np.abs(values).min() < 1e-6:
        return
    assert made.step is not None
    np.testing.assert_allclose(matrix @ made.step, -np.array(state["gradient"]), atol=1e-8)
    assert (made.kind == "positive definite") == bool(values[0] > 0)


@pytest.mark.parametrize("damping", [0.05, 0.7, 8.0])
@pytest.mark.parametrize("size", [0.1, 1.3, 3.0])
def test_normalised_lengths_are_those_of_the_matrices(damping: float, size: float) -> None:
    g = size * np.array([0.6, -0.8])
    values, vectors = np.linalg.eigh(damping * np.eye(2) + np.outer(g, g))
    whole, root = (np.linalg.norm(vectors @ np.diag(values**power) @ vectors.T @ g) for power in (-1, -0.5))
    lengths = reference.step_lengths({**reference.FIRST, "damping": damping}, size)
    assert lengths["normalised"] == pytest.approx(whole, rel=1e-10)
    assert lengths["smooth"] == pytest.approx(root, rel=1e-10)
    threshold = np.sqrt(damping)
    clipped = g * min(1, threshold / size) / threshold
    assert lengths["clipped"] == pytest.approx(np.linalg.norm(clipped), rel=1e-12)


def test_the_peak_is_where_the_claim_says() -> None:
    state = {**reference.FIRST, "damping": 0.3}
    sizes = np.linspace(0.001, 3, 30000)
    lengths = reference.step_lengths(state, sizes)["normalised"]
    assert sizes[lengths.argmax()] == pytest.approx(np.sqrt(0.3), abs=2e-4)
    assert lengths.max() == pytest.approx(1 / (2 * np.sqrt(0.3)), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({}, ["H + λI is positive definite. The step descends", "Rank one: ρ = 1.85"]),
        ({"eigenvalues": [2.0, -0.5]}, ["λ = −h₂: H + λI is singular", "there is no step."]),
        (
            {"eigenvalues": [-1.0, -1.0]},
            ["λ < −h₁ and λ < −h₂", "turns e₁ and e₂ round. The step goes uphill"],
        ),
        ({"damping": 0.0}, ["the rank-one inverse needs λ > 0"]),
        ({"gradient": [0.0, 0.0]}, ["There is no gradient, so no step."]),
        (
            {"eigenvalues": [1.0, -1.0], "rotation": 0.0, "gradient": [1.0, 1.0], "damping": 0.25},
            ["gᵀHg = 0: H₁ is undefined"],
        ),
    ],
)
def test_alt_tells_the_state(changes: dict[str, Any], sentences: list[str]) -> None:
    widget = InversePicture(**changes)
    alt = widget.alt()
    for sentence in sentences:
        assert sentence in alt
    assert words.tell_state(widget.state()) in alt
    for dark in (False, True):
        assert len(widget.figure(dark=dark).axes) == 2
