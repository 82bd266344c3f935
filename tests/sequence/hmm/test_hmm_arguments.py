import re

import jaxtyping
import pytest
import torch

from hnrc_lib.sequence.hmm import HMM, forward, viterbi

START, MOVES, SCORES = torch.tensor([0.5, 0.5]), torch.full((2, 2), 0.5), torch.zeros(3, 4, 2)


@pytest.fixture(autouse=True)
def without_shape_checks(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"log_likelihoods": SCORES.long()}, TypeError, "log_likelihoods must be float32 or float64"),
        ({"log_likelihoods": SCORES[0]}, ValueError, "log_likelihoods must have shape (N, T, S)"),
        ({"log_likelihoods": SCORES + torch.nan}, ValueError, "log_likelihoods must hold neither NaN"),
        (
            {"initial_probs": torch.ones(3)},
            ValueError,
            "initial_probs must have shape (2,) or (3, 2), got (3,)",
        ),
        (
            {"transition_matrix": MOVES.expand(2, 2, 2)},
            ValueError,
            "transition_matrix must have shape (2, 2)",
        ),
        ({"transition_matrix": MOVES.log()}, ValueError, "transition_matrix must hold probabilities"),
        ({"final_probs": torch.ones(1)}, ValueError, "final_probs must have shape (2,)"),
        ({"lengths": torch.ones(3)}, TypeError, "lengths must be integers"),
        ({"lengths": torch.tensor([4, 4])}, ValueError, "lengths must have shape (3,), got (2,)"),
        ({"lengths": torch.tensor([0, 4, 4])}, ValueError, "lengths must lie from 1 to 4, got 0 to 4"),
        ({"lengths": torch.tensor([1, 4, 5])}, ValueError, "lengths must lie from 1 to 4, got 1 to 5"),
    ],
)
@pytest.mark.parametrize("function", [forward, viterbi])
def test_a_bad_argument_is_named(function, changes, error, message):
    good = {"initial_probs": START, "transition_matrix": MOVES, "log_likelihoods": SCORES}
    function(**good)
    with pytest.raises(error, match=re.escape(message)):
        function(**(good | changes))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ((START, MOVES[:1]), "transition_matrix must have shape (2, 2), got (1, 2)"),
        ((START, MOVES / 2), "transition_matrix must sum to 1"),
        ((START / 2, MOVES), "initial_probs must sum to 1"),
        ((START, MOVES, START), "transition_matrix must sum to 1"),
        ((START, MOVES / 2, torch.ones(3)), "final_probs must have shape (2,), got (3,)"),
    ],
)
def test_a_model_that_is_no_probability_is_refused(model, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        HMM(*model)
