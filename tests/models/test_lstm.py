import pytest
import torch
from torch import nn

from hnrc_lib.models.lstm import LSTM


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_outputs_are_those_of_torchs_layers():
    model = LSTM(4, 6, 3, 2, bidirectional=True, generator=seeded()).double()
    stock = nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True).double()
    stock.load_state_dict(model.recurrent.state_dict())
    features = torch.randn(5, 7, 4, generator=seeded(1), dtype=torch.float64)
    torch.testing.assert_close(model(features), model.output(stock(features)[0]))


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_pooled_outputs_are_those_of_each_sequence_alone(pooling):
    model = LSTM(4, 6, 3, 2, pooling=pooling, generator=seeded()).double()
    features = torch.randn(3, 7, 4, generator=seeded(1), dtype=torch.float64)
    lengths = [7, 1, 4]
    pooled = model(features, lengths)
    assert pooled.shape == (3, 3)
    for n, length in enumerate(lengths):
        alone = model(features[n : n + 1, :length])
        torch.testing.assert_close(pooled[n : n + 1], alone)
        frames = model.recurrent(features[n : n + 1, :length])[0][0]
        summary = frames.mean(0) if pooling == "mean" else frames[-1]
        torch.testing.assert_close(alone[0], model.output(summary))


def test_initial_weights_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first, second = LSTM(4, 6, 3, generator=seeded()), LSTM(4, 6, 3, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    other = LSTM(4, 6, 3, generator=seeded(1))
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="pooling must be None, 'mean' or 'last', got 'max'"):
        LSTM(4, 6, 3, pooling="max")
    with pytest.raises(ValueError, match="output_size must be an integer of at least 1, got 0"):
        LSTM(4, 6, 0)
    with pytest.raises(ValueError, match="lengths must lie between 1 and 7"):
        LSTM(4, 6, 3, pooling="mean")(torch.zeros(2, 7, 4), [7, 0])
