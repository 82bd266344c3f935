"""Recurrent layers with torch's weights and outputs that can be differentiated twice."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import check_size
from hnrc_lib.models.recurrent.lengths import prepare_lengths
from hnrc_lib.models.recurrent.network import Plan
from hnrc_lib.models.recurrent.switch import run_network

SecondOrder = bool | Literal["auto"]


class RecurrentLayer(nn.RNNBase):
    """What ``RNNLayer``, ``GRULayer`` and, but for its second state, ``LSTMLayer`` share."""

    def __init__(
        self,
        mode: str,
        sizes: tuple[int, int, int],
        bias: bool,
        batch_first: bool,
        bidirectional: bool,
        generator: torch.Generator | None,
    ) -> None:
        for name, size in zip(("input_size", "hidden_size", "num_layers"), sizes, strict=True):
            check_size(name, size)
        # The base class draws the weights while it is being made.
        self.__dict__["_generator"] = generator
        super().__init__(mode, *sizes, bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        del self.__dict__["_generator"]

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw all weights and biases from U(−H^−½, H^−½), as torch does."""
        generator = self.__dict__.get("_generator", generator)
        bound = self.hidden_size**-0.5
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound, generator=generator)

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs: Float[Tensor, "a b features"],
        h_0: Float[Tensor, "stacked batch hidden"] | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        second_order: SecondOrder = "auto",
    ) -> tuple[Tensor, Tensor]:
        """Outputs of the last layer at every frame, and the last state of each layer.

        Args:
            inputs: shape (T, N, F), or (N, T, F) with ``batch_first``.
            h_0: initial state, shape (layers·directions, N, H); zeros when None.
            lengths: frames of each sequence, 1 … T; all T when None. Outputs are zero beyond.
            second_order: True for our sweeps in any case, False for torch's kernel in any case.

        Returns:
            Outputs (T, N, directions·H) or (N, T, …), and h_n (layers·directions, N, H).

        Raises:
            ValueError: a shape or a length does not fit.
            TypeError: the dtype is not the layer's.
        """
        initial = None if h_0 is None else (h_0,)
        outputs, last = self._run(inputs, initial, lengths, second_order)
        return outputs, last

    def _run(
        self,
        inputs: Tensor,
        initial: Sequence[Tensor] | None,
        lengths: Tensor | Sequence[int] | None,
        second_order: SecondOrder,
    ) -> tuple[Tensor, ...]:
        """Outputs and final states; inputs and outputs (N, T, F) with ``batch_first``, else (T, N, F)."""
        weights = [getattr(self, name) for names in self._all_weights for name in names]
        _check_inputs(inputs, self.input_size, weights[0], self.batch_first)
        if second_order not in (True, False, "auto"):
            raise ValueError(f"second_order must be True, False or 'auto', got {second_order!r}")
        sequence = inputs.transpose(0, 1) if self.batch_first else inputs
        num_frames, batch_size = sequence.shape[:2]
        plan = Plan(
            self.mode,
            self.num_layers,
            self.bidirectional,
            self.bias,
            prepare_lengths(lengths, num_frames, batch_size, inputs.device),
        )
        expected = (self.num_layers * plan.num_directions, batch_size, self.hidden_size)
        for name, state in zip(("h_0", "c_0"), initial or (), strict=False):
            _check_state(name, state, expected, inputs)
        outputs, *last = run_network(plan, sequence, initial, weights, second_order)
        return outputs.transpose(0, 1) if self.batch_first else outputs, *last


def _check_inputs(inputs: Tensor, input_size: int, weight: Tensor, batch_first: bool) -> None:
    layout = "(N, T, F)" if batch_first else "(T, N, F)"
    if inputs.ndim != 3:
        raise ValueError(f"inputs must have three dimensions {layout}, got shape {tuple(inputs.shape)}")
    if inputs.shape[-1] != input_size:
        raise ValueError(f"inputs must have {input_size} features {layout}, got shape {tuple(inputs.shape)}")
    if 0 in inputs.shape:
        raise ValueError(f"inputs must hold at least one frame of one sequence, got {tuple(inputs.shape)}")
    _check_kind("inputs", inputs, weight)


def _check_state(name: str, state: Tensor, expected: tuple[int, int, int], inputs: Tensor) -> None:
    if state.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, got {tuple(state.shape)}")
    _check_kind(name, state, inputs)


def _check_kind(name: str, tensor: Tensor, like: Tensor) -> None:
    if tensor.dtype != like.dtype:
        raise TypeError(f"{name} must be {like.dtype} as the layer is, got {tensor.dtype}")
    if tensor.device != like.device:
        raise ValueError(f"{name} must be on {like.device} as the layer is, got {tensor.device}")


class RNNLayer(RecurrentLayer):
    """Elman's recurrent layer (``nn.RNN``), right under any two derivatives.

    h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh),  φ = tanh or relu

    Weights have torch's names and shapes, so state dicts interchange with ``nn.RNN``. A first derivative
    comes from torch's kernel (oneDNN, cuDNN); a second one, or any transform of ``torch.func``, from sweeps
    with hand-written derivatives. Through ``torch.autograd.grad(…, is_grads_batched=True)`` many vectors run
    one operation at a time: take ``torch.func.vmap`` over ``torch.autograd.grad``.

    Args:
        input_size: F, features per frame, ≥ 1.
        hidden_size: H, units, ≥ 1.
        num_layers: layers, each on the outputs of the one below, ≥ 1.
        nonlinearity: φ, ``"tanh"`` or ``"relu"``.
        bias: whether b_ih and b_hh are there.
        batch_first: (N, T, F) rather than torch's default (T, N, F).
        bidirectional: a second set of weights runs from the last frame to the first.
        generator: draws the weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer, or no such nonlinearity.

    >>> layer = RNNLayer(3, 5, batch_first=True, generator=torch.Generator().manual_seed(0))
    >>> outputs, last = layer(torch.zeros(2, 7, 3), lengths=[7, 4])
    >>> outputs.shape, last.shape, bool((outputs[1, 4:] == 0).all())
    (torch.Size([2, 7, 5]), torch.Size([1, 2, 5]), True)

    Source: Elman (1990); second derivatives: the R-operator of Pearlmutter (1994).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        bidirectional: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        modes = {"tanh": "RNN_TANH", "relu": "RNN_RELU"}
        if nonlinearity not in modes:
            raise ValueError(f"nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
        sizes = (input_size, hidden_size, num_layers)
        super().__init__(modes[nonlinearity], sizes, bias, batch_first, bidirectional, generator)
        self.nonlinearity = nonlinearity


class GRULayer(RecurrentLayer):
    """Gated recurrent unit (``nn.GRU``), right under any two derivatives; see ``RNNLayer``.

    r, z = σ(W_i x_t + b_i + W_h h_{t−1} + b_h),  n = tanh(W_in x_t + b_in + r (W_hn h_{t−1} + b_hn)),
    h_t = (1 − z) n + z h_{t−1}

    Args:
        input_size: F, features per frame, ≥ 1.
        hidden_size: H, units, ≥ 1.
        num_layers: layers, ≥ 1.
        bias: whether biases are there.
        batch_first: (N, T, F) rather than (T, N, F).
        bidirectional: a second set of weights runs from the last frame to the first.
        generator: draws the weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer.

    >>> layer = GRULayer(3, 5, generator=torch.Generator().manual_seed(0))
    >>> layer(torch.zeros(7, 2, 3))[0].shape
    torch.Size([7, 2, 5])

    Source: Cho and others (2014), in the variant of torch and cuDNN.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        bidirectional: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        sizes = (input_size, hidden_size, num_layers)
        super().__init__("GRU", sizes, bias, batch_first, bidirectional, generator)


class LSTMLayer(RecurrentLayer):
    """Long short-term memory (``nn.LSTM``), right under any two derivatives; see ``RNNLayer``.

    i, f, o = σ(…), g = tanh(W_ig x_t + W_hg h_{t−1} + b),  c_t = f c_{t−1} + i g,  h_t = o tanh c_t

    Args:
        input_size: F, features per frame, ≥ 1.
        hidden_size: H, units, ≥ 1.
        num_layers: layers, ≥ 1.
        bias: whether biases are there.
        batch_first: (N, T, F) rather than (T, N, F).
        bidirectional: a second set of weights runs from the last frame to the first.
        generator: draws the weights; torch's default generator when None.

    Raises:
        ValueError: a size is no positive integer.

    >>> layer = LSTMLayer(3, 5, generator=torch.Generator().manual_seed(0))
    >>> outputs, (h_n, c_n) = layer(torch.zeros(7, 2, 3))
    >>> outputs.shape, c_n.shape
    (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))

    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        bidirectional: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        sizes = (input_size, hidden_size, num_layers)
        super().__init__("LSTM", sizes, bias, batch_first, bidirectional, generator)

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs: Float[Tensor, "a b features"],
        initial: tuple[Tensor, Tensor] | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        second_order: SecondOrder = "auto",
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs at every frame and the last states (h_n, c_n), as for ``RNNLayer``.

        Args:
            inputs: shape (T, N, F), or (N, T, F) with ``batch_first``.
            initial: (h_0, c_0), each of shape (layers·directions, N, H); zeros when None.
            lengths: frames of each sequence, 1 … T; all T when None. Outputs are zero beyond.
            second_order: True for our sweeps in any case, False for torch's kernel in any case.
        """
        if initial is not None and (not isinstance(initial, tuple | list) or len(initial) != 2):
            raise ValueError(f"initial must be (h_0, c_0), got {type(initial).__name__}")
        outputs, h_n, c_n = self._run(inputs, initial, lengths, second_order)
        return outputs, (h_n, c_n)
