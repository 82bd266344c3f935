from dataclasses import replace

import numpy as np
import pytest
import torch
from an4_like import write_an4_voices
from torch import nn

from hnrc_lib.experiments import recurrent_memory
from hnrc_lib.experiments.record import load_record
from hnrc_lib.experiments.recurrent_memory import (
    Config,
    mean_forget_gates,
    reach_back,
    recalled,
    shuffled,
)
from hnrc_lib.models import make_model
from hnrc_lib.models.recurrent import LSTMLayer

QUICK = replace(
    Config(),
    num_utterances=3,
    reach=5,
    draws=2,
    cells=(("DRNN", 0.0), ("LSTM", 5.0)),
    delays=(1, 2),
    starts=1,
    num_steps=40,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_an4_voices(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return recurrent_memory.run(QUICK, data_dir=data_dir)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    sizes = {"num_features": 8, "output_size": 5, "hidden_size": 6, "num_layers": 2}
    return make_model("ConvLSTM", **sizes).eval()


def test_a_run_holds_three_kinds_of_weights_and_every_cell_and_delay(record):
    assert record.provenance.scale == "reduced"
    assert record.scalars["kinds"] == ["trained", "untrained", "shuffled"]
    assert 1 <= record.scalars["num_utterances"] <= 3
    reach = record.arrays["reach"]
    assert reach.shape == (3, 3, 6)
    np.testing.assert_array_equal(reach[:, :, 0], 1)
    assert (np.diff(reach, axis=1) >= 0).all()
    np.testing.assert_allclose(record.arrays["seconds_back"], [0, 0.04, 0.08, 0.12, 0.16, 0.2])
    forget = record.arrays["forget"]
    assert (np.diff(forget, axis=1) >= 0).all()
    assert forget.min() > 0
    assert forget.max() < 1
    assert record.arrays["recall"].shape == (2, 2, 1)
    assert record.arrays["recall"][0, 0, 0] == 1


def test_no_utterance_long_enough_is_an_error(data_dir):
    with pytest.raises(ValueError, match="more than 500 frames"):
        recurrent_memory.run(replace(QUICK, reach=500), data_dir=data_dir)


def test_the_reach_is_the_gradient_that_differences_give(model):
    model = make_model("ConvLSTM", num_features=8, output_size=5, hidden_size=6).double().eval()
    features = torch.randn(1, 30, 8, generator=torch.Generator().manual_seed(1)).double()
    place, symbol, step = 6, 2, 1e-6

    def surprise(x):
        return -float(model(x, torch.tensor([30]))[0].log_softmax(-1)[place, symbol].detach())

    norms = []
    for block in range(place, place - 4, -1):
        slopes = []
        for index in [(t, f) for t in range(4 * block, 4 * block + 4) for f in range(8)]:
            nudge = torch.zeros_like(features)
            nudge[0, *index] = step
            slopes.append((surprise(features + nudge) - surprise(features - nudge)) / (2 * step))
        norms.append(float(torch.tensor(slopes).norm()))
    found = reach_back(model, features, place, symbol, reach=3)
    torch.testing.assert_close(found, torch.tensor(norms).double(), rtol=1e-5, atol=1e-8)


def test_a_block_cut_short_by_the_end_of_the_utterance_counts_as_far_as_it_goes(model):
    features = torch.randn(1, 14, 8, generator=torch.Generator().manual_seed(2))
    assert reach_back(model, features, 3, 0, reach=3).shape == (4,)


def test_shuffling_keeps_the_entries_of_every_lstm_tensor_and_all_else(model):
    other = shuffled(model, 3)
    inside = {
        f"{name}.{own}"
        for name, layer in model.named_modules()
        if isinstance(layer, LSTMLayer)
        for own, _ in layer.named_parameters()
    }
    for (name, before), after in zip(model.named_parameters(), other.parameters(), strict=True):
        if name in inside:
            assert not torch.equal(before, after)
            assert torch.equal(before.flatten().sort().values, after.flatten().sort().values)
        else:
            assert torch.equal(before, after)


def test_forget_gates_are_those_of_torch_s_cell(model):
    features = [torch.randn(1, t, 8, generator=torch.Generator().manual_seed(t)) for t in (9, 16)]
    seen = []
    handle = model.layers[0].forwards.register_forward_hook(lambda _, given, __: seen.append(given[0][0]))
    found = mean_forget_gates(model, features)
    handle.remove()
    own = dict(model.layers[0].forwards.named_parameters())
    cell = nn.LSTMCell(12, 6)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in own.items()})
    gates = []
    for inputs in seen:
        h = c = torch.zeros(6)
        for x in inputs:
            z = cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ h + cell.bias_hh
            gates.append(z[6:12].sigmoid())
            h, c = cell(x, (h, c))
    assert found.shape == (24,)
    torch.testing.assert_close(found[:6], torch.stack(gates).mean(0).detach(), rtol=1e-5, atol=1e-6)


def test_recall_depends_on_the_delay_and_on_the_start():
    assert recalled("LSTM", 2, forget=5.0, steps=60) == 1
    assert recalled("DRNN", 40, steps=20) < 1
    assert recalled("LSTM", 2, steps=0) == recalled("LSTM", 2, steps=0)


def test_the_record_that_ships_is_full_and_of_real_speech():
    record = load_record(recurrent_memory.NAME)
    assert record.provenance.scale == "full"
    assert record.scalars["num_utterances"] > 100
    assert record.arrays["recall"].shape == (5, 5, 6)
