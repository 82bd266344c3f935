import numpy as np
import pytest
import torch
from signals import voiced

from hnrc_lib.audio import pre_emphasis, remove_dc


def test_mean_is_gone_and_nothing_else():
    samples = torch.from_numpy(voiced((3, 4000))) + torch.tensor([0.3, -0.1, 0.0])[:, None]
    cleaned = remove_dc(samples)
    np.testing.assert_allclose(cleaned.mean(dim=-1), 0, atol=1e-15)
    np.testing.assert_allclose(cleaned.diff(dim=-1), samples.diff(dim=-1), atol=1e-15)


def test_each_utterance_of_a_padded_batch_has_its_own_mean():
    samples = torch.full((2, 6), torch.nan)
    samples[0, :2] = torch.tensor([1.0, 3.0])
    samples[1, :5] = torch.tensor([5.0, 5.0, 5.0, 5.0, 10.0])
    cleaned = remove_dc(samples, torch.tensor([2, 5]))
    assert cleaned.tolist() == [[-1, 1, 0, 0, 0, 0], [-1, -1, -1, -1, 4, 0]]


def test_pre_emphasis_weakens_an_offset_without_a_click():
    np.testing.assert_allclose(pre_emphasis(torch.ones(5), 0.97), 0.03, rtol=1e-5)


def test_lengths_beyond_the_batch_are_refused():
    with pytest.raises(ValueError, match="lengths must lie from 1 to 4, got 0 to 5"):
        remove_dc(torch.zeros(2, 4), torch.tensor([0, 5]))
