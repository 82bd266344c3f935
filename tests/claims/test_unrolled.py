"""The recurrent classifiers against products of Jacobians written out, and back-propagation by hand."""

import pytest
import torch

from hnrc_lib.claims.recurrent import Unrolled, decay_per_frame, speech_frames, state_gradients


def jacobian_chain(model, frames):
    """∂h_T/∂h_t of one utterance for t = T … 1, from D_t W with D_t = diag(1 − h_t²)."""
    weights, states = model.cell.weight_hh.detach(), model.states(frames[None])
    product = torch.eye(len(weights), dtype=torch.float64)
    yield product
    for (hidden,) in states[:0:-1]:
        product = product @ torch.diag(1 - hidden[0].detach() ** 2) @ weights
        yield product


@pytest.mark.parametrize("gain", [0.5, 3.0])
def test_the_gradient_of_a_state_is_the_last_ones_times_the_jacobians(gain):
    frames, labels = speech_frames(12, num_utterances=3)
    model = Unrolled("rnn", 6, 5, seed=2, gain=gain)
    expected = torch.zeros(12, dtype=torch.float64)
    for utterance, label in zip(frames, labels, strict=True):
        scores = model(utterance[None])[0].detach()
        at_scores = scores.softmax(0) - torch.eye(10, dtype=torch.float64)[label]
        at_last = at_scores @ model.readout.weight.detach()
        chain = [(at_last @ product).norm() for product in jacobian_chain(model, utterance)]
        expected += torch.stack(chain).flip(0) / 3
    torch.testing.assert_close(state_gradients(model, frames, labels), expected)


def test_a_cell_of_torch_is_unrolled_as_torch_unrolls_it():
    frames, _ = speech_frames(9, num_utterances=2)
    model = Unrolled("lstm", 6, 4)
    layer = torch.nn.LSTM(6, 4, batch_first=True).double()
    layer.load_state_dict({f"{name}_l0": value for name, value in model.cell.state_dict().items()})
    torch.testing.assert_close(model(frames), model.readout(layer(frames)[0][:, -1]))
    assert model.cell.bias_ih[4:8].tolist() == [1.0] * 4


def test_longer_frames_say_the_utterance_again():
    once, labels = speech_frames(32, num_utterances=3)
    longer, again = speech_frames(80, num_utterances=3)
    assert longer.shape == (3, 80, 6)
    torch.testing.assert_close(longer[:, -32:], once)
    torch.testing.assert_close(longer[:, 16:48], once)
    assert again.tolist() == labels.tolist()


def test_the_factor_per_frame_of_a_geometric_decay():
    assert decay_per_frame([0.5**16, 0.5**32, 0.5**64], [16, 32, 64]) == pytest.approx(0.5)
