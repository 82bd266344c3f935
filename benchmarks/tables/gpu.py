"""The rows that need a card; without one they say so. Nothing is built before a row runs."""

import functools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Pooled, Problem, problem
from benchmarks.tables import ctc, training
from benchmarks.tables.landscape import Slice, peer_plane
from hnrc_lib.curvature import CapturedOperator, HessianLinearOperator
from hnrc_lib.landscape import plane
from hnrc_lib.linalg import spectral_density
from hnrc_lib.sequence import ctc_loss_from_logits

NAME = "gpu"
TITLE = "On a card"
TEXT = (
    "float32 without TF32, wall time. Nothing here is extrapolated from the CPU. Training is a pass as in "
    "the table of training steps: ≤ 1/3 means three times as many utterances a second as the plain loop."
)
CUDA = "cuda"
VECTORS = 32
UTTERANCES = 64  # of a training pass: four batches, some seconds of librosa


def on(device: str, given: Problem) -> Problem:
    """The same problem elsewhere."""
    model = given.model.to(device)
    return Problem(given.title, model, given.criterion, given.inputs.to(device), given.targets.to(device))


def without_cudnn(given: Problem, vector: Tensor) -> Callable[[], Tensor]:
    """What torch offers: cuDNN has no second derivative, torch's own loop has."""

    def run() -> Tensor:
        with torch.backends.cudnn.flags(enabled=False):
            return peers.torch_product(given)(vector)

    return run


def our_product(given: Problem, block: Tensor) -> Callable[[], Tensor]:
    """The operator built anew, then one product with a vector or a block."""
    return lambda: HessianLinearOperator(given.loss, given.params) @ block


def recurrent_case(
    kind: str, layers: int, device: str = CUDA, batch: int = 256, frames: int = 100, hidden: int = 128
) -> Case:
    """Products through a recurrent network; the gradient through cuDNN is 1."""
    title = f"nn.{kind}, {layers} × H = {hidden}, {frames} × 40, batch {batch}"

    @functools.cache
    def made() -> tuple[Problem, Tensor]:
        torch.manual_seed(0)
        model = Pooled(getattr(nn, kind)(40, hidden, num_layers=layers, batch_first=True), hidden)
        inputs, targets = torch.randn(batch, frames, 40), torch.randint(0, 10, (batch,))
        given = on(device, Problem(title, model, nn.CrossEntropyLoss(), inputs, targets))
        return given, torch.randn(given.size, VECTORS).to(device)

    rows = [
        Row("gradient, stock", "torch", lambda: made()[0].gradient, cuda=True),
        Row("HVP, fresh, cuDNN off", "torch", lambda: without_cudnn(made()[0], made()[1][:, 0]), cuda=True),
        Row("HVP, fresh", OURS, lambda: our_product(made()[0], made()[1][:, 0]), (Bar(8.0),), cuda=True),
    ]
    if kind == "LSTM":
        work, limit = f"{VECTORS} HVPs, fresh, per vector", (Bar(3.0),)
        rows.append(Row(work, OURS, lambda: our_product(*made()), limit, VECTORS, cuda=True))
    return Case(title, tuple(rows))


def captured_case(kind: str, layers: int, batch: int = 256, frames: int = 100, hidden: int = 128) -> Case:
    """The same products captured as CUDA graphs, as they are and fused; making the graph is not timed."""

    @functools.cache
    def made() -> tuple[Problem, Tensor]:
        torch.manual_seed(0)
        model = Pooled(getattr(nn, kind)(40, hidden, num_layers=layers, batch_first=True), hidden)
        inputs, targets = torch.randn(batch, frames, 40), torch.randint(0, 10, (batch,))
        given = on(CUDA, Problem("", model, nn.CrossEntropyLoss(), inputs, targets))
        return given, torch.randn(given.size, VECTORS).to(CUDA)

    def product(columns: int, *, fused: bool) -> Callable[[], Tensor]:
        given, block = made()
        captured = CapturedOperator(HessianLinearOperator(given.loss, given.params), fused=fused)
        return lambda: captured @ block[:, :columns]

    rows = [Row("gradient, stock", "torch", lambda: made()[0].gradient, cuda=True)]
    for words, fused in (("captured", False), ("captured and fused", True)):
        one = functools.partial(product, 1, fused=fused)
        many = functools.partial(product, VECTORS, fused=fused)
        rows.append(Row(f"HVP, {words}", OURS, one, cuda=True))
        rows.append(Row(f"{VECTORS} HVPs, {words}, per vector", OURS, many, (), VECTORS, cuda=True))
    return Case(f"nn.{kind}, {layers} × H = {hidden}, as a CUDA graph", tuple(rows))


def ctc_case(device: str = CUDA, shape: tuple[int, int, int, int] = (600, 32, 11, 60)) -> Case:
    """Gradient and product of CTC; torch's gradient of CTC is 1."""

    @functools.cache
    def made() -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        batch = ctc.Batch(*shape)
        targets, *lengths = batch.rest
        return batch.logits.to(device), batch.vector.to(device), (targets.to(device), *lengths)

    def stock(x: Tensor) -> Tensor:
        return functional.ctc_loss(x.log_softmax(-1), *made()[2])

    def ours(x: Tensor, kernel: str = "auto") -> Tensor:
        return ctc_loss_from_logits(x, *made()[2], kernel=kernel)

    triton = functools.partial(ours, kernel="triton")
    work, limit = "gradient + HVP, from logits", (Bar(4.0),)
    rows = [
        Row("gradient", "torch", lambda: lambda: ctc.gradient(stock, made()[0])[1], cuda=True),
        Row(work, OURS, lambda: lambda: ctc.product(ours, *made()[:2]), limit, cuda=True),
    ]
    if device == CUDA:
        name = f"{work}, kernel='triton'"
        rows.append(Row(name, OURS, lambda: lambda: ctc.product(triton, *made()[:2]), cuda=True))
    return Case("CTC, T = {}, B = {}, C = {}, S = {}".format(*shape), tuple(rows))


def landscape_case(device: str = CUDA, name: str = "cnn", points: int = 101, at_once: int = 64) -> Case:
    """Several points a launch; loss-landscapes is 1."""

    @functools.cache
    def made() -> Slice:
        return Slice(on(device, problem(name)), points)

    def ours() -> object:
        cut, given = made(), made().given
        options = {"extent": 0.5, "num_points": points, "points_at_once": at_once}
        return plane(given.loss, given.params, cut.u, cut.v, **options)

    rows = (
        Row("plane", "loss-landscapes", lambda: peer_plane(made().given, points), cuda=True),
        Row("plane", OURS, lambda: ours, (Bar(1 / 20),), cuda=True),
    )
    return Case(f"Landscape, {points} × {points}, of the {name.upper()}", rows)


def density_case(device: str = CUDA, vectors: int = 10, steps: int = 50) -> Case:
    """The density of an LSTM; PyHessian's products, one after the other with cuDNN off, are 1."""

    @functools.cache
    def made() -> Problem:
        return on(device, problem("lstm"))

    def peer() -> object:
        with torch.backends.cudnn.flags(enabled=False):
            product = peers.torch_kept_product(made())
            vector = torch.ones(made().size, device=device)
            return [product(vector) for _ in range(vectors * steps)]

    def ours() -> object:
        operator = HessianLinearOperator(made().loss, made().params)
        return spectral_density(operator, num_vectors=vectors, num_steps=steps)

    rows = (
        Row(f"{vectors * steps} products, cuDNN off", "torch", lambda: peer, cuda=True),
        Row(f"density, {vectors} × {steps}", OURS, lambda: ours, (Bar(1 / 15),), cuda=True),
    )
    return Case("Spectral density of an LSTM", rows, min_rounds=1)


def cases(quick: bool) -> Iterator[Case]:
    """Every case."""
    yield recurrent_case("LSTM", 2)
    yield recurrent_case("RNN", 1)
    yield captured_case("LSTM", 2)
    yield ctc_case()
    yield landscape_case()
    yield density_case()
    for perturbed in (True, False):
        yield training.training_case("an4-ctc", "full", UTTERANCES, perturbed=perturbed, device=CUDA)
