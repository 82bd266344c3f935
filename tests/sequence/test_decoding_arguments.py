"""Arguments of the decoders that are refused, and what is made of the others."""

import pytest
import torch

from hnrc_lib.sequence.decoding_arguments import utterance_scores


def test_scores_are_cut_to_their_lengths_in_float64():
    log_probs = torch.arange(12.0).view(3, 2, 2).neg()
    first, second = utterance_scores(log_probs, torch.tensor([3, 1]), 1)
    assert first.tolist() == log_probs[:, 0].tolist()
    assert second.tolist() == log_probs[:1, 1].tolist()
    assert first.dtype == "float64"


@pytest.mark.parametrize(
    ("log_probs", "lengths", "blank", "message"),
    [
        (torch.zeros(3, 2), [3], 0, r"shape \(T, N, C\), got \(3, 2\)"),
        (torch.zeros(3, 1, 2), [3], 2, r"0 … 1, got 2"),
        (torch.zeros(3, 1, 2), [4], 0, r"1 integers within 0 … 3, got \[4\]"),
        (torch.zeros(3, 1, 2), [3, 3], 0, r"1 integers within"),
        (torch.full((3, 1, 2), torch.nan), [3], 0, "utterance 0 is not"),
        (torch.full((3, 1, 2), torch.inf), [3], 0, "utterance 0 is not"),
        (torch.full((3, 1, 2), -torch.inf), [3], 0, "utterance 0 is not"),
    ],
)
def test_bad_arguments_are_named(log_probs, lengths, blank, message):
    with pytest.raises(ValueError, match=message):
        utterance_scores(log_probs, lengths, blank)


def test_padding_may_hold_anything():
    log_probs = torch.zeros(3, 1, 2)
    log_probs[1:] = torch.nan
    assert utterance_scores(log_probs, [1], 0)[0].tolist() == [[0.0, 0.0]]
