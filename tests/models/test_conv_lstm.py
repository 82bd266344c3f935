"""The acoustic model: padding has no influence, both directions equal torch's, curvature works."""

import pytest
import torch

from hnrc_lib.curvature import dense_hessian, hessian_vector_product
from hnrc_lib.models import ConvLSTM
from hnrc_lib.models.both_ways import BothWays
from hnrc_lib.sequence import ctc_loss_from_logits


@pytest.mark.parametrize(
    ("cell", "stock"), [("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU), ("rnn", torch.nn.RNN)]
)
def test_both_ways_is_a_packed_bidirectional_layer(cell, stock):
    layer = BothWays(3, 4, cell).double()
    torchs = stock(3, 4, bidirectional=True, batch_first=True).double()
    ahead = {f"{name}_l0": getattr(layer.forwards, f"{name}_l0") for name in ("weight_ih", "weight_hh")}
    ahead |= {f"{name}_l0": getattr(layer.forwards, f"{name}_l0") for name in ("bias_ih", "bias_hh")}
    back = {f"{name}_reverse": getattr(layer.backwards, name) for name in ahead}
    torchs.load_state_dict(ahead | back)
    inputs, lengths = torch.randn(3, 7, 3, dtype=torch.float64), torch.tensor([7, 2, 5])
    packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, lengths, True, enforce_sorted=False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(torchs(packed)[0], batch_first=True)
    torch.testing.assert_close(layer(inputs, lengths), expected)
    torch.testing.assert_close(layer(inputs[:1]), torchs(inputs[:1])[0])


@pytest.mark.parametrize("subsampling", [2, 4])
def test_padding_has_no_influence(subsampling):
    model = ConvLSTM(8, 5, hidden_size=6, num_layers=2, channels=3, subsampling=subsampling).double()
    features = torch.randn(2, 30, 8, dtype=torch.float64)
    lengths = torch.tensor([30, 17])
    logits, out = model(features, lengths), model.output_lengths(lengths)
    assert logits.shape == (2, int(out[0]), 5)
    alone = model(features[1:, :17], lengths[1:])
    torch.testing.assert_close(logits[1, : out[1]], alone[0])
    features[1, 17:] = 1e3
    torch.testing.assert_close(model(features, lengths)[1, : out[1]], alone[0])


def test_its_curvature_under_ctc_equals_a_dense_hessian():
    torch.manual_seed(0)
    model = ConvLSTM(4, 3, hidden_size=2, num_layers=1, channels=2, subsampling=2).double()
    features, lengths = torch.randn(2, 12, 4, dtype=torch.float64), torch.tensor([12, 9])
    targets = torch.tensor([[1, 2], [2, 0]])
    params = dict(model.named_parameters())

    def loss(values):
        logits = torch.func.functional_call(model, values, (features, lengths))
        return ctc_loss_from_logits(
            logits.transpose(0, 1), targets, model.output_lengths(lengths), torch.tensor([2, 1])
        )

    vector = {name: torch.randn_like(value) for name, value in params.items()}
    product = hessian_vector_product(loss, params, vector)
    dense = dense_hessian(loss, params) @ torch.cat([part.flatten() for part in vector.values()])
    flat = torch.cat([part.flatten() for part in product.values()])
    torch.testing.assert_close(flat, dense, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subsampling": 3}, "subsampling must be 2 or 4, got 3"),
        ({"dropout": 1.0}, "dropout must lie in 0 … 1"),
        ({"cell": "linear"}, "cell must be one of lstm, gru, rnn"),
        ({"num_layers": 0}, "num_layers"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ConvLSTM(8, 5, **changes)


@pytest.mark.parametrize(("lengths", "message"), [([3], "shape"), ([3, 31], "1 … 30"), ([0, 3], "1 … 30")])
def test_bad_lengths_are_named(lengths, message):
    with pytest.raises(ValueError, match=message):
        ConvLSTM(8, 5, hidden_size=2)(torch.zeros(2, 30, 8), torch.tensor(lengths))
