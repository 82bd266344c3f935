import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from hnrc_lib.training.compress import Compression, Cost, measure_cost, stored_bytes


class Sure(nn.Module):
    """Says the class that the first value names, and notes how it was asked."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(7))
        self.asked = []

    def forward(self, features):
        self.asked.append((len(features), self.training, torch.get_num_threads()))
        return nn.functional.one_hot(features[:, 0, 0].long(), 3).float()


def test_bytes_are_those_of_the_file(tmp_path):
    tensors = {"w": torch.zeros(3, 5), "q": torch.zeros(9, dtype=torch.int8)}
    save_file(tensors, tmp_path / "t.safetensors")
    assert stored_bytes(tensors) == (tmp_path / "t.safetensors").stat().st_size


def test_accuracy_is_the_fraction_of_hits_and_single_utterances_are_timed():
    model = Sure().train()
    threads = torch.get_num_threads()
    features = torch.tensor([0.0, 1.0, 2.0, 2.0]).reshape(4, 1, 1)
    cost = measure_cost(model, features, torch.tensor([0, 1, 2, 1]), repeats=6)
    assert cost.accuracy == 0.75
    assert cost.num_bytes == stored_bytes(model.state_dict())
    assert cost.milliseconds > 0
    assert model.asked == [(4, False, 1)] + [(1, False, 1)] * 7
    assert model.training
    assert torch.get_num_threads() == threads


def test_what_is_stored_may_differ_from_the_state():
    stored = {"q": torch.zeros(1, dtype=torch.int8)}
    cost = measure_cost(Sure(), torch.zeros(1, 1, 1), torch.tensor([0]), stored=stored, repeats=1)
    assert cost.num_bytes == stored_bytes(stored)


def test_ratios():
    done = Compression(Cost(0.9, 100, 3.0), Cost(0.95, 30, 2.0))
    assert done.size_ratio == 0.3
    assert done.speed_up == 1.5
    assert done.points_lost == pytest.approx(-5)


@pytest.mark.parametrize(("count", "repeats"), [(0, 3), (2, 0)])
def test_nothing_to_measure_is_refused(count, repeats):
    with pytest.raises(ValueError, match=f"must not be empty, got {count} and {repeats}"):
        measure_cost(Sure(), torch.zeros(count, 1, 1), torch.zeros(count).long(), repeats=repeats)
