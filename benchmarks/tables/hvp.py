"""Products with the Hessian: from nothing, on a kept graph, eight at once."""

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Pooled, Problem, flat, problem, relative_error
from hnrc_lib.curvature import HessianLinearOperator, hessian_vector_product
from hnrc_lib.models.recurrent import LSTMLayer, RNNLayer

NAME = "hvp"
TITLE = "Hessian-vector products"
TEXT = (
    "Fresh means loss, gradient and product from nothing; kept means a product on a graph that is "
    "already there. Eight vectors are one call, its ratio per vector. The reference is torch's double "
    "backward in float64."
)
FRESH, KEPT, EIGHT = "HVP, fresh", "HVP, kept graph", "8 HVPs, kept graph, per vector"
BARS: dict[str, dict[str, float]] = {
    "mlp": {KEPT: 1.5, EIGHT: 1.1},
    "cnn": {FRESH: 2.6, KEPT: 1.25},
    "rnn": {FRESH: 2.4, KEPT: 1.3},
    "lstm": {FRESH: 5.0, KEPT: 3.0},
    "transformer": {},
}
FRESH_PEERS = ("curvlinops", "hessian-eigenthings", "backpack", "asdl")
TWICE = {"rnn": RNNLayer, "lstm": LSTMLayer}


def exact_products(given: Problem, vectors: Tensor) -> Tensor:
    """H V in float64, one column after the other, with torch's own double backward.

    Attention takes its plain path there; torch's fused kernel has no second derivative.
    """
    model = copy.deepcopy(given.model).double()
    double = Problem(given.title, model, given.criterion, given.inputs.double(), given.targets)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        product = peers.torch_kept_product(double)
        return torch.stack([product(vector) for vector in vectors.double().T], dim=1)


def twice_differentiable(name: str, given: Problem) -> Problem:
    """The same weights in the library's own recurrent layer."""
    model = Pooled(TWICE[name](40, 64, batch_first=True))
    model.load_state_dict(given.model.state_dict())
    return Problem(given.title, model, given.criterion, given.inputs, given.targets)


def our_fresh(given: Problem, vector: Tensor) -> Callable[[], Tensor]:
    """The function of the loss, the parameters and the vector."""
    params, direction = given.params, given.named(vector)
    return lambda: flat(list(hessian_vector_product(given.loss, params, direction).values()))


def our_kept(given: Problem, block: Tensor) -> Callable[[], Tensor]:
    """The operator, built before."""
    operator = HessianLinearOperator(given.loss, given.params)
    return lambda: operator @ block


def _rows(name: str, given: Problem) -> Iterator[Row]:
    vectors = torch.randn(given.size, 8, generator=torch.Generator().manual_seed(1))
    vector, exact = vectors[:, 0].contiguous(), exact_products(given, vectors)
    bars = {work: (Bar(limit),) for work, limit in BARS[name].items()}

    def row(
        work: str, provider: str, prepare: Callable[[], Callable[[], Tensor]], barred: bool = False
    ) -> Row:
        target, units = (exact, 8.0) if work.startswith(EIGHT) else (exact[:, 0], 1.0)
        held = bars.get(work.partition(" · ")[0], ()) if barred else ()
        return Row(work, provider, prepare, held, units, judge=lambda got: relative_error(got, target))

    def product(
        make: Callable[[Problem], peers.Product], block: Tensor
    ) -> Callable[[], Callable[[], Tensor]]:
        def prepare() -> Callable[[], Tensor]:
            multiply = make(given)
            return lambda: multiply(block)

        return prepare

    yield Row("gradient, stock", "torch", lambda: given.gradient)
    yield row(FRESH, "torch", product(peers.torch_product, vector))
    for peer in FRESH_PEERS:
        yield row(FRESH, peer, product(peers.PRODUCTS[peer], vector))
    difference = "hessian-eigenthings, finite difference"
    yield row(
        f"{FRESH} · finite difference", "hessian-eigenthings", product(peers.PRODUCTS[difference], vector)
    )
    yield row(FRESH, OURS, lambda: our_fresh(given, vector), barred=True)
    yield row(KEPT, "torch", product(peers.torch_kept_product, vector))
    yield row(KEPT, "PyHessian", product(peers.pyhessian_product, vector))
    yield row(KEPT, OURS, lambda: our_kept(given, vector), barred=True)
    yield row(EIGHT, "curvlinops", product(peers.curvlinops_product, vectors))
    yield row(EIGHT, OURS, lambda: our_kept(given, vectors), barred=True)
    if name in TWICE:
        mine = twice_differentiable(name, given)
        layer = f" · {TWICE[name].__name__}"
        yield Row(f"gradient{layer}", OURS, lambda: mine.gradient)
        yield row(FRESH + layer, OURS, lambda: our_fresh(mine, vector), barred=True)
        yield row(KEPT + layer, OURS, lambda: our_kept(mine, vector), barred=True)
        yield row(EIGHT + layer, OURS, lambda: our_kept(mine, vectors))


def cases(quick: bool) -> Iterator[Case]:
    """One case a model."""
    for name in BARS:
        given = problem(name)
        yield Case(given.title, tuple(_rows(name, given)), seconds=14.0)
