"""First-order gradients of the recurrent layers: one derivative must cost what the stock kernel costs."""

from collections.abc import Iterator

import torch
from torch import nn

from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Pooled, Problem, flat, relative_error
from benchmarks.spectra import in_float64
from hnrc_lib.models.recurrent import GRULayer, LSTMLayer, RNNLayer

NAME = "recurrent"
TITLE = "First-order gradients of recurrent layers"
TEXT = (
    "The layers that are differentiable twice, where only one derivative is asked: the gradient of a "
    "pooled classifier, against the stock layer with the same weights. The reference is the stock layer "
    "in float64."
)
LAYERS = {"RNN": RNNLayer, "LSTM": LSTMLayer, "GRU": GRULayer}


def _case(kind: str) -> Case:
    torch.manual_seed(0)
    stock = Pooled(getattr(nn, kind)(40, 64, batch_first=True))
    mine = Pooled(LAYERS[kind](40, 64, batch_first=True))
    mine.load_state_dict(stock.state_dict())
    inputs, targets = torch.randn(32, 60, 40), torch.randint(0, 10, (32,))
    title = f"nn.{kind}, 60 × 40, H = 64, batch 32"
    given = Problem(title, stock, nn.CrossEntropyLoss(), inputs, targets)
    ours = Problem(title, mine, nn.CrossEntropyLoss(), inputs, targets)
    exact = flat(in_float64(given).gradient())

    def row(name: str, provider: str, which: Problem, *bars: Bar) -> Row:
        return Row(
            name, provider, lambda: which.gradient, bars, judge=lambda got: relative_error(flat(got), exact)
        )

    rows = (
        row("gradient, stock", "torch", given),
        row(f"gradient, {LAYERS[kind].__name__}", OURS, ours, Bar(1.0)),
    )
    return Case(title, rows, seconds=4.0)


def cases(quick: bool) -> Iterator[Case]:
    """One case a layer."""
    for kind in LAYERS:
        yield _case(kind)
