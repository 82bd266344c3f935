"""What ``DRNN`` and ``LSTM`` share: pooling, initial weights, refusals."""

import pytest
import torch

from hnrc_lib.models import DRNN, LSTM

NETWORKS = [DRNN, LSTM]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_pooled_outputs_are_those_of_each_sequence_alone(network, pooling):
    model = network(4, 6, 3, 2, pooling=pooling, generator=seeded()).double()
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


@pytest.mark.parametrize("network", NETWORKS)
def test_initial_weights_come_from_the_generator_alone(network):
    before = torch.get_rng_state()
    first, second = network(4, 6, 3, generator=seeded()), network(4, 6, 3, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    other = network(4, 6, 3, generator=seeded(1))
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


@pytest.mark.parametrize("network", NETWORKS)
def test_bad_arguments_are_refused_by_name(network):
    with pytest.raises(ValueError, match="pooling must be None, 'mean' or 'last', got 'max'"):
        network(4, 6, 3, pooling="max")
    with pytest.raises(ValueError, match="output_size must be an integer of at least 1, got 0"):
        network(4, 6, 0)
    with pytest.raises(ValueError, match="lengths must lie between 1 and 7"):
        network(4, 6, 3, pooling="mean")(torch.zeros(2, 7, 4), [7, 0])
