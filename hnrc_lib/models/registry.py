"""Models by name, and one way to call them all."""

import inspect
from typing import Any

from torch import Tensor, nn

from hnrc_lib.models.cnn import CNN
from hnrc_lib.models.conv_lstm import ConvLSTM
from hnrc_lib.models.drnn import DRNN
from hnrc_lib.models.frame_network import FrameNetwork
from hnrc_lib.models.lstm import LSTM
from hnrc_lib.models.transformer import Transformer

ARCHITECTURES: dict[str, type[nn.Module]] = {
    "CNN": CNN,
    "DRNN": DRNN,
    "LSTM": LSTM,
    "ConvLSTM": ConvLSTM,
    "FrameNetwork": FrameNetwork,
    "Transformer": Transformer,
}


def make_model(architecture: str, **options: Any) -> nn.Module:
    """A model of ``ARCHITECTURES`` by name.

    Args:
        architecture: for example ``"ConvLSTM"``.
        options: arguments of its constructor.

    Raises:
        ValueError: no such architecture; lists those there are.
        TypeError: an option that its constructor does not have.

    >>> type(make_model("LSTM", input_size=4, hidden_size=3, output_size=2)).__name__
    'LSTM'
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture must be one of {', '.join(ARCHITECTURES)}, got {architecture!r}")
    maker = ARCHITECTURES[architecture]
    known = list(inspect.signature(maker).parameters)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise TypeError(f"{architecture} has no options {unknown}; it has {known}")
    return maker(**options)


def apply_model(model: nn.Module, features: Tensor, lengths: Tensor) -> Tensor:
    """Logits of a padded batch; a model of fixed size, such as ``CNN``, does not hear the lengths.

    Args:
        model: of ``ARCHITECTURES``, wrapped for several processes or not.
        features: shape (N, T, F).
        lengths: valid frames of each utterance, shape (N,).
    """
    bare = getattr(model, "module", model)
    return model(features) if isinstance(bare, CNN) else model(features, lengths)


def num_parameters(model: nn.Module) -> int:
    """Number of trained numbers of a model.

    >>> num_parameters(nn.Linear(3, 2))
    8
    """
    return sum(parameter.numel() for parameter in model.parameters())


def output_lengths(model: nn.Module, lengths: Tensor) -> Tensor:
    """Frames of logits for utterances of so many frames: all of them where a model does not shorten time.

    >>> import torch
    >>> output_lengths(ConvLSTM(8, 5, hidden_size=2), torch.tensor([9]))
    tensor([3])
    """
    shorten = getattr(getattr(model, "module", model), "output_lengths", None)
    return lengths if shorten is None else shorten(lengths)
