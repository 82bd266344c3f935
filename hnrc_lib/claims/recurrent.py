"""Recurrent classifiers of spoken digits, unrolled frame by frame, and the gradient at each state."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims.subjects import NUM_CLASSES, seeded, speech_features


class Unrolled(nn.Module):
    """An Elman or LSTM cell over the frames of an utterance, a linear map of its last output.

        s_t = cell(x_t, s_{t−1}),  scores = V h_T + c

    Args:
        kind: ``"rnn"`` (tanh) or ``"lstm"``.
        input_size: features of a frame.
        hidden_size: units.
        seed: of the weights, N(0, 1/fan-in); biases are 0, an LSTM's forget gate has 1.
        gain: factor on the recurrent weights.
    """

    def __init__(
        self, kind: str, input_size: int, hidden_size: int, *, seed: int = 0, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.is_gated = kind == "lstm"
        self.cell = (nn.LSTMCell if self.is_gated else nn.RNNCell)(input_size, hidden_size)
        self.readout = nn.Linear(hidden_size, NUM_CLASSES)
        seeded(self, seed)
        with torch.no_grad():
            self.cell.weight_hh.mul_(gain)
            if self.is_gated:
                self.cell.bias_ih[hidden_size : 2 * hidden_size] = 1.0

    def states(self, frames: Float[Tensor, "batch time feature"]) -> list[tuple[Tensor, ...]]:
        """(h_t,) or (h_t, c_t) of every frame."""
        state, kept = None, []
        for frame in frames.unbind(dim=1):
            state = self.cell(frame, state)
            kept.append(state if self.is_gated else (state,))
        return kept

    def forward(self, frames: Float[Tensor, "batch time feature"]) -> Float[Tensor, "batch class"]:
        """Scores (N, 10)."""
        return self.readout(self.states(frames)[-1][0])


def speech_frames(num_frames: int, *, n_mels: int = 6, num_utterances: int = 40) -> tuple[Tensor, Tensor]:
    """Standardised log-mel frames (N, T, n_mels) in float64 of spoken digits, and the digits (N,).

    An utterance is stretched to ``num_frames`` frames, at most 32; more are made by saying it again.
    """
    once = min(num_frames, 32)
    features, labels = speech_features(num_frames=once, n_mels=n_mels, num_utterances=num_utterances)
    frames = features.reshape(len(labels), once, n_mels)
    times = -(-num_frames // once)
    return frames.repeat(1, times, 1)[:, -num_frames:], labels


def state_gradients(
    model: Unrolled, frames: Float[Tensor, "batch time feature"], labels: Int[Tensor, "batch"]
) -> Float[Tensor, "time"]:
    """‖∂Lᵢ/∂s_t‖ for every frame t, the mean over utterances i.

    Args:
        model: whose last output is classified.
        frames: (N, T, F).
        labels: (N,).

    Returns:
        (T,), the first frame first. s_t is h_t, or (h_t, c_t) of an LSTM.
    """
    states = model.states(frames)
    total = F.cross_entropy(model.readout(states[-1][0]), labels, reduction="sum")
    flat = [part for state in states for part in state]
    gradients = torch.autograd.grad(total, flat, materialize_grads=True)
    width = len(states[0])
    norms = [
        torch.cat(gradients[i : i + width], dim=1).norm(dim=1).mean() for i in range(0, len(flat), width)
    ]
    return torch.stack(norms)


def kept_fraction(model: Unrolled, num_frames: int) -> float:
    """Gradient at the first state over that at the last, on speech of so many frames."""
    norms = state_gradients(model, *speech_frames(num_frames))
    return float(norms[0] / norms[-1])


def decay_per_frame(fractions: Sequence[float], lengths: Sequence[int]) -> float:
    """Factor by which each further frame shrinks the fraction: a straight line through the logarithms.

    >>> round(decay_per_frame([1e-1, 1e-2, 1e-3], [10, 20, 30]), 4)
    0.7943
    """
    x = torch.tensor(lengths, dtype=torch.float64)
    y = torch.tensor(fractions, dtype=torch.float64).log()
    x = x - x.mean()
    return float((x @ (y - y.mean()) / (x @ x)).exp())
