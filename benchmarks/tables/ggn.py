"""Products with the Gauss–Newton matrix: from nothing and on a kept graph."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.func import functional_call

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Problem, flat, problem, relative_error
from benchmarks.spectra import in_float64
from hnrc_lib.curvature import GGNLinearOperator, ggn_vector_product

NAME = "ggn"
TITLE = "Gauss–Newton products"
TEXT = (
    "JᵀHJv with the softmax cross-entropy's H. Fresh means model and product from nothing, kept a "
    "product on what is already there. The reference is float64: Jv by double backward, H in closed "
    "form."
)
FRESH, KEPT = "GGN product, fresh", "GGN product, kept graph"
BARS = {"mlp": None, "cnn": 1.0, "rnn": 1.7, "lstm": None}


def exact_product(given: Problem, vector: Tensor) -> Tensor:
    """Jᵀ H J v in float64; Jv is the derivative of Jᵀu by u, along v."""
    double = in_float64(given)
    outputs = double.model(double.inputs)
    dual = torch.zeros_like(outputs, requires_grad=True)
    pulled = torch.autograd.grad(outputs, double.parameters, dual, create_graph=True)
    pushed = torch.autograd.grad(pulled, dual, double.split(vector.double()))[0]
    probs = outputs.detach().softmax(1)
    weighted = probs * (pushed - (probs * pushed).sum(1, keepdim=True)) / len(outputs)
    return flat(torch.autograd.grad(double.model(double.inputs), double.parameters, weighted))


def _parts(given: Problem) -> tuple[Callable[[dict[str, Tensor]], Tensor], Callable[[Tensor], Tensor]]:
    """The outputs as a function of the parameters, and the loss as one of the outputs."""
    return (
        lambda params: functional_call(given.model, params, (given.inputs,)),
        lambda outputs: given.criterion(outputs, given.targets),
    )


def our_fresh(given: Problem, vector: Tensor) -> Callable[[], Tensor]:
    """The function of outputs, loss, parameters and vector."""
    outputs, loss = _parts(given)
    params, direction = given.params, given.named(vector)
    return lambda: flat(list(ggn_vector_product(outputs, loss, params, direction).values()))


def our_kept(given: Problem, vector: Tensor) -> Callable[[], Tensor]:
    """The operator, built before."""
    outputs, loss = _parts(given)
    operator = GGNLinearOperator(outputs, loss, given.params)
    return lambda: operator @ vector


def _case(name: str) -> Case:
    given = problem(name)
    vector = torch.randn(given.size, generator=torch.Generator().manual_seed(1))
    exact = exact_product(given, vector)

    def row(
        work: str, provider: str, prepare: Callable[[], Callable[[], Tensor]], limit: float | None
    ) -> Row:
        bars = () if limit is None else (Bar(limit),)
        return Row(work, provider, prepare, bars, judge=lambda got: relative_error(got, exact))

    def product(make: Callable[[Problem], peers.Product]) -> Callable[[], Callable[[], Tensor]]:
        def prepare() -> Callable[[], Tensor]:
            multiply = make(given)
            return lambda: multiply(vector)

        return prepare

    rows = (
        Row("gradient, stock", "torch", lambda: given.gradient),
        row(FRESH, "curvlinops", product(peers.curvlinops_ggn), None),
        row(FRESH, "hessian-eigenthings", product(peers.eigenthings_ggn), None),
        row(FRESH, OURS, lambda: our_fresh(given, vector), None),
        row(KEPT, OURS, lambda: our_kept(given, vector), BARS[name]),
    )
    return Case(given.title, rows, seconds=8.0)


def cases(quick: bool) -> Iterator[Case]:
    """One case a model."""
    for name in BARS:
        yield _case(name)
