"""The classifier that S0's printed program can be run on, and how its port is called."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.claims import s0_printed
from hnrc_lib.claims.subjects import seeded, speech_features
from hnrc_lib.curvature import flatten

WIDTH = 10
RATE = 1e-2
NUM_CALLS = 3


def ten_layers(rate: float | None = RATE) -> nn.Module:
    """Ten tanh layers of ten units without biases: as many equal weight matrices as each has rows.

    No other shape of network passes the printed line 22 and line 11.

    Args:
        rate: learning rate of the SGD optimiser that the model gets as an attribute, as Keras models have
            one; None for no optimiser.
    """
    layers = [layer for _ in range(WIDTH) for layer in (nn.Linear(WIDTH, WIDTH, bias=False), nn.Tanh())]
    model: Any = seeded(nn.Sequential(*layers), 0)
    if rate is not None:
        model.optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    return model


def bands_and_indices() -> tuple[Float[Tensor, "batch band"], Float[Tensor, "batch 1"]]:
    """Ten mel bands of the second quarter of a hundred spoken digits, and the digits as a column."""
    features, labels = speech_features(num_frames=4, n_mels=WIDTH, num_utterances=100)
    return features.unflatten(1, (4, WIDTH))[:, 1], labels.double().unsqueeze(1)


def run_printed(
    *, alpha: float = 0.1, lambda_: float = 0.1, epochs: int = 1, rate: float = RATE
) -> Float[Tensor, "n"]:
    """Flat parameters after three calls of the printed ``train_model``, on a tape that may be used twice.

    Args:
        alpha: the printed learning rate.
        lambda_: the printed regularisation parameter.
        epochs: the printed number of epochs.
        rate: learning rate of the optimiser that the model carries.
    """
    model = ten_layers(rate)
    train = s0_printed.with_names(s0_printed.train_model, model=model, PERSISTENT=True)
    for _ in range(NUM_CALLS):
        train(*bands_and_indices(), alpha, lambda_, epochs)
    return flatten({name: value.detach() for name, value in model.named_parameters()})


def message_of(kind: type[Exception], call: Callable[[], object]) -> str:
    """First sentence of the error that a call raises; empty if it raises none.

    Args:
        kind: the error expected; any other is not caught.
        call: what to run.

    >>> message_of(ZeroDivisionError, lambda: 1 / 0)
    'division by zero'
    """
    try:
        call()
    except kind as error:
        return str(error).splitlines()[0].split(". ")[0]
    return ""


def largest_difference(one: Float[Tensor, "n"], other: Float[Tensor, "n"]) -> float:
    """max|θᵢ − θ′ᵢ|; exactly 0 when, and only when, the two are bit-identical up to the sign of zero."""
    return float((one - other).abs().max())
