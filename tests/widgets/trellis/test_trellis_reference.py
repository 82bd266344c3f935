"""The reference against every path written out, the library's HMM and CTC, and torch's gradient."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import ctc_alignment_posteriors
from hnrc_lib.sequence.hmm import backward, forward, forward_backward, viterbi
from hnrc_lib.widgets.trellis import reference
from hnrc_lib.widgets.trellis.lattice import Lattice, ctc_lattice, hmm_lattice
from tests.widgets.trellis.left_to_right_models import random_model

SYMBOLS = " AEN"
LABELS = ("A", "EE", "NA", "A N", "NEE")


def every_path(lattice: Lattice) -> list[tuple[tuple[int, ...], float]]:
    """All paths with their log-scores, none left out but those without a way."""
    frames, size = lattice.scores.shape
    found = []
    for path in itertools.product(range(size), repeat=frames):
        score = lattice.initial[path[0]] + lattice.final[path[-1]]
        score += sum(lattice.scores[t, s] for t, s in enumerate(path))
        for before, after in itertools.pairwise(path):
            score += lattice.arcs[after - before, after] if 0 <= after - before <= 2 else -np.inf
        if score > -np.inf:
            found.append((path, score))
    return found


def small_lattices() -> list[Lattice]:
    rng = np.random.default_rng(5)
    ctc = [ctc_lattice(3 * rng.normal(size=(5, 5)), SYMBOLS, label) for label in ("A", "EE", "NA")]
    hmm = [
        hmm_lattice(3 * rng.normal(size=(5, states)), random_model(states, skip, rng))
        for states, skip in ((1, 0.0), (2, 0.0), (4, 0.3))
    ]
    return ctc + hmm


@pytest.mark.parametrize("lattice", small_lattices(), ids=lambda lattice: "-".join(lattice.names))
def test_sums_and_best_paths_are_those_of_all_paths(lattice: Lattice) -> None:
    passes, paths = reference.run(lattice), every_path(lattice)
    scores = np.array([score for _, score in paths])
    total = np.logaddexp.reduce(scores)
    assert passes.log_likelihood == pytest.approx(total, rel=1e-12)
    assert passes.best == pytest.approx(scores.max(), rel=1e-12)
    assert tuple(passes.path) == paths[int(scores.argmax())][0]
    for (t, s), found in np.ndenumerate(passes.posterior):
        through = sum(np.exp(score - total) for path, score in paths if path[t] == s)
        assert found == pytest.approx(through, abs=1e-12)


@pytest.mark.parametrize("skip", [0.0, 0.3])
def test_the_hidden_markov_model_is_the_library_s(skip: float) -> None:
    rng = np.random.default_rng(3)
    scores, model = 5 * rng.normal(size=(20, 6)) - 30, random_model(6, skip, rng)
    arguments = [
        torch.from_numpy(np.ascontiguousarray(a)) for a in (model[:, 0], model[:, 1:-1], scores[None])
    ]
    final = torch.from_numpy(np.ascontiguousarray(model[:, -1]))
    passes = reference.run(hmm_lattice(scores, model))
    ahead = forward(*arguments, final_probs=final)
    np.testing.assert_allclose(passes.alpha, ahead.log_alpha[0], rtol=1e-12)
    np.testing.assert_allclose(passes.beta, backward(*arguments, final_probs=final)[0], rtol=1e-12)
    assert passes.log_likelihood == pytest.approx(float(ahead.log_likelihood), rel=1e-13)
    found = forward_backward(*arguments, final_probs=final)
    np.testing.assert_allclose(passes.posterior, found.states[0], atol=1e-12)
    best = viterbi(*arguments, final_probs=final)
    assert passes.path.tolist() == best.states[0].tolist()
    assert passes.best == pytest.approx(float(best.score), rel=1e-13)


def torch_gradient(logits: np.ndarray, label: str) -> tuple[float, np.ndarray]:
    """torch's own CTC loss and what it sends back to the logits."""
    leaf = torch.from_numpy(logits).requires_grad_()
    targets = torch.tensor([[SYMBOLS.index(letter) + 1 for letter in label]])
    lengths = torch.tensor([len(logits)]), torch.tensor([len(label)])
    loss = torch.nn.functional.ctc_loss(leaf.log_softmax(-1).unsqueeze(1), targets, *lengths, reduction="sum")
    loss.backward()
    assert leaf.grad is not None
    return loss.item(), leaf.grad.numpy()


@given(label=st.sampled_from(LABELS), frames=st.integers(6, 25), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_ctc_gradient_is_torch_s(label: str, frames: int, seed: int) -> None:
    logits = 4 * np.random.default_rng(seed).normal(size=(frames, len(SYMBOLS) + 1))
    lattice = ctc_lattice(logits, SYMBOLS, label)
    passes = reference.run(lattice)
    loss, gradient = torch_gradient(logits, label)
    assert -passes.log_likelihood == pytest.approx(loss, rel=1e-10)
    found = reference.ctc_gradient(logits, lattice, passes)
    np.testing.assert_allclose(found, gradient, atol=1e-10)
    np.testing.assert_allclose(found.sum(1), 0, atol=1e-12)
    targets = torch.tensor([SYMBOLS.index(letter) + 1 for letter in label])
    shares = ctc_alignment_posteriors(torch.from_numpy(logits), targets, frames, len(label))
    np.testing.assert_allclose(passes.posterior, shares, atol=1e-10)


def test_a_label_that_does_not_fit_has_no_path_and_no_gradient() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 5))
    lattice = ctc_lattice(logits, SYMBOLS, "EE")  # needs a blank between
    passes = reference.run(lattice)
    assert passes.log_likelihood == passes.best == -np.inf
    assert passes.path.tolist() == [-1, -1]
    assert not passes.posterior.any()
    assert not reference.ctc_gradient(logits, lattice, passes).any()
    assert reference.arithmetic(lattice, passes, "posterior", 1, 2).value == -np.inf


@pytest.mark.parametrize("lattice", small_lattices(), ids=lambda lattice: "-".join(lattice.names))
def test_the_arithmetic_of_a_cell_gives_its_value(lattice: Lattice) -> None:
    passes = reference.run(lattice)
    with np.errstate(divide="ignore"):
        grids = dict(
            zip(
                reference.PASSES,
                (passes.delta, passes.alpha, passes.beta, np.log(passes.posterior)),
                strict=True,
            )
        )
    for what, grid in grids.items():
        for (t, s), value in np.ndenumerate(grid):
            found = reference.arithmetic(lattice, passes, what, t, s)
            assert found.value == pytest.approx(value, rel=1e-10, abs=1e-10)
            if what != "posterior":
                for term in found.terms:
                    assert term.total == term.value + term.arc + term.score
                assert len(found.terms) <= 3


def test_the_best_path_into_a_cell_ends_there() -> None:
    lattice = small_lattices()[0]
    passes = reference.run(lattice)
    path = reference.trace(passes.pointers, 3, 2)
    assert len(path) == 4
    assert path[-1] == 2
    score = lattice.initial[path[0]] + sum(lattice.scores[t, s] for t, s in enumerate(path))
    score += sum(lattice.arcs[b - a, b] for a, b in itertools.pairwise(path))
    assert score == pytest.approx(passes.delta[3, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ctc_lattice(np.zeros((4, 5)), SYMBOLS, "AX"), "label must hold some of ' AEN', got 'AX'"),
        (lambda: ctc_lattice(np.zeros((4, 5)), SYMBOLS, ""), "label must hold some of ' AEN', got ''"),
        (lambda: hmm_lattice(np.zeros((4, 3)), np.full((3, 5), 0.2)), "model must lead from left to right"),
    ],
)
def test_what_makes_no_lattice_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
