"""Products with the Hessian, right or wrong: stock layers × libraries × precisions."""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import peers, reference
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Encoder, Pooled, Problem, mlp, relative_error
from hnrc_lib.curvature import HessianLinearOperator

NAME = "correctness"
TITLE = "Right where peers fail or are silently wrong"
TEXT = (
    "Two products of one operator with random vectors, against a dense float64 Hessian of the same "
    "function written in elementary operations. Wrong means a relative error above 1e-3 in float32, "
    "above 1e-6 in float64."
)
TOLERANCES = {torch.float32: 1e-3, torch.float64: 1e-6}
FRAMES, FEATURES, HIDDEN, CLASSES, BATCH = 8, 6, 5, 4, 6
DROPOUT = "Dropout, training mode"


class CTC(nn.Module):
    """torch's CTC of logits (N, T, C), every frame and label used."""

    reduction = "mean"

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        frames, labels = (
            torch.full((len(logits),), logits.shape[1]),
            torch.full((len(targets),), targets.shape[1]),
        )
        return functional.ctc_loss(logits.log_softmax(-1).transpose(0, 1), targets, frames, labels)


class Layer(NamedTuple):
    """A stock model, its loss in elementary operations, and its criterion, inputs and targets."""

    make: Callable[[], nn.Module]
    plain: reference.Plain
    shape: tuple[int, ...] = (BATCH, FRAMES, FEATURES)
    criterion: type[nn.Module] = nn.CrossEntropyLoss


FLAT = (BATCH, FEATURES)


def _between(layer: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(nn.Linear(FEATURES, HIDDEN), layer(), nn.Tanh(), nn.Linear(HIDDEN, CLASSES))


def _dropout() -> nn.Module:
    return nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.Tanh(), nn.Dropout(0.5), nn.Linear(HIDDEN, CLASSES))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(54, 12), nn.ReLU(), nn.Linear(12, CLASSES),
    )  # fmt: skip


LAYERS: dict[str, Layer] = {
    "nn.RNN": Layer(
        lambda: Pooled(nn.RNN(FEATURES, HIDDEN, batch_first=True), HIDDEN, CLASSES), reference.plain_rnn
    ),
    "nn.LSTM": Layer(
        lambda: Pooled(nn.LSTM(FEATURES, HIDDEN, batch_first=True), HIDDEN, CLASSES), reference.plain_lstm
    ),
    "nn.GRU": Layer(
        lambda: Pooled(nn.GRU(FEATURES, HIDDEN, batch_first=True), HIDDEN, CLASSES), reference.plain_gru
    ),
    "nn.TransformerEncoderLayer": Layer(
        lambda: Encoder(FEATURES, 2, 8, CLASSES), reference.plain_transformer
    ),
    "BatchNorm, training mode": Layer(
        _between(lambda: nn.BatchNorm1d(HIDDEN)), reference.plain_batch_norm, FLAT
    ),
    "LayerNorm": Layer(_between(lambda: nn.LayerNorm(HIDDEN)), reference.plain_layer_norm, FLAT),
    DROPOUT: Layer(_dropout, reference.plain_dropout, FLAT),
    "ReLU CNN": Layer(_cnn, reference.plain_cnn, (24, 1, 8, 8)),
    "CTC": Layer(lambda: mlp(FEATURES, HIDDEN, CLASSES), reference.plain_ctc, criterion=CTC),
}


def problem(name: str, dtype: torch.dtype) -> Problem:
    """The layer's model and batch, drawn from seed 0 in float32 and then cast."""
    layer = LAYERS[name]
    torch.manual_seed(0)
    model, inputs = layer.make(), torch.randn(layer.shape)
    of_ctc = layer.criterion is CTC
    targets = torch.randint(1, CLASSES, (BATCH, 3)) if of_ctc else torch.randint(0, CLASSES, layer.shape[:1])
    return Problem(name, model.to(dtype), layer.criterion(), inputs.to(dtype), targets)


def exact_hessian(name: str) -> Tensor:
    """The dense float64 Hessian of the plain function, at the same weights and batch."""
    given, plain = problem(name, torch.float64), LAYERS[name].plain
    return reference.dense_hessian(lambda p: plain(p, given.inputs, given.targets), given.params)


def our_product(given: Problem) -> peers.Product:
    """The library, on the stock model as it is."""
    operator = HessianLinearOperator(given.loss, given.params)
    return lambda vector: operator @ vector


def _row(name: str, provider: str, dtype: torch.dtype, exact: Tensor, vectors: Tensor) -> Row:
    """One cell: two products of one operator, the larger error counts."""
    moved: dict[str, float] = {}

    def prepare() -> Callable[[], list[Tensor]]:
        torch.manual_seed(1)
        given = problem(name, dtype)
        before = copy.deepcopy(list(given.model.buffers()))
        product = (our_product if provider == OURS else peers.PRODUCTS[provider])(given)

        def run() -> list[Tensor]:
            products = [product(vector.to(dtype)) for vector in vectors]
            pairs = zip(given.model.buffers(), before, strict=True)
            moved["buffers moved"] = float(sum(not torch.equal(now, then) for now, then in pairs))
            return products

        return run

    def judge(products: list[Tensor]) -> float:
        return max(relative_error(p, exact @ v) for p, v in zip(products, vectors, strict=True))

    ours, tolerance = provider == OURS, TOLERANCES[dtype]
    bars = (Bar(tolerance, "relative error"), Bar(0, "buffers moved")) if ours and name != DROPOUT else ()
    return Row(
        str(dtype).removeprefix("torch."),
        provider,
        prepare,
        bars,
        judge=judge,
        tolerance=tolerance,
        figures=lambda _: moved if ours else {},
        refusal=(ValueError,) if ours and name == DROPOUT else (),
    )


def cases(quick: bool) -> Iterator[Case]:
    """One case a layer; both precisions of every library."""
    for name in LAYERS:
        exact = exact_hessian(name)
        vectors = torch.randn(2, len(exact), generator=torch.Generator().manual_seed(2)).double()
        rows = [
            _row(name, provider, dtype, exact, vectors)
            for provider in (*peers.PRODUCTS, OURS)
            for dtype in TOLERANCES
        ]
        yield Case(name, tuple(rows), timed=False)
