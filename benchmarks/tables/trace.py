"""The trace of the Hessian, to one per cent."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Problem, problem
from benchmarks.spectra import exact_spectrum, in_float64, trained
from benchmarks.tables import correctness
from hnrc_lib.curvature import hessian_trace
from hnrc_lib.curvature.exact_trace import piecewise_linear_trace

NAME = "trace"
TITLE = "Trace to one per cent"
TEXT = (
    "Wrong means more than one per cent off. The exact trace is that of the dense float64 Hessian; for "
    "the large ReLU CNN, whose dense Hessian does not fit, it is the trace of the Gauss–Newton matrix "
    "from every example's Jacobian in float64, and the small ReLU CNN shows that the two are the same."
)
TOLERANCE = 0.01


def gauss_newton_trace(given: Problem) -> float:
    """tr G from the Jacobian of each example, in float64."""
    double = in_float64(given)

    def squared(params: dict[str, Tensor], example: Tensor) -> Tensor:
        def outputs(p: dict[str, Tensor]) -> Tensor:
            return functional_call(double.model, p, (example.unsqueeze(0),))[0]

        jacobian = torch.func.jacrev(outputs)(params)
        rows = torch.cat([part.flatten(1) for part in jacobian.values()], dim=1)
        probs = outputs(params).softmax(0)
        curvature = torch.diag(probs) - torch.outer(probs, probs)
        return (curvature * (rows @ rows.T)).sum()

    return sum(float(squared(double.params, example)) for example in double.inputs) / len(double.inputs)


def pyhessian_trace(given: Problem) -> Callable[[], float]:
    """Stops by its own rule."""
    return lambda: float(np.mean(peers.pyhessian(given).trace(maxIter=1000, tol=1e-3)))


def curvlinops_trace(given: Problem, name: str, count: int) -> Callable[[], float]:
    """One of its estimators, by name."""
    import curvlinops

    estimate: Any = getattr(curvlinops, name)
    return lambda: float(estimate(peers.curvlinops(given), count))


def eigenthings_trace(given: Problem) -> Callable[[], float]:
    """Hutch++, its default."""
    from hessian_eigenthings import trace

    return lambda: float(trace(peers.eigenthings(given), num_matvecs=99, seed=0).estimate)


def our_exact(given: Problem) -> Callable[[], float]:
    """The library's trace of a piecewise linear network."""
    return lambda: (
        piecewise_linear_trace(given.model, given.inputs, lambda z: given.criterion(z, given.targets)).value
    )


def our_estimate(given: Problem, rtol: float) -> Callable[[], float]:
    """Probes on one parameter block at a time, until the standard error is half of what is asked."""

    def run() -> float:
        generator = torch.Generator().manual_seed(0)
        return hessian_trace(given.loss, given.params, 8, rtol=rtol, generator=generator).value

    return run


def _case(given: Problem, exact: float, ours: Row) -> Case:
    def judge(value: float) -> float:
        return abs(value - exact) / abs(exact)

    def row(work: str, provider: str, make: Callable[..., Callable[[], float]], *options: object) -> Row:
        return Row(work, provider, lambda: make(given, *options), judge=judge, tolerance=TOLERANCE)

    mine = Row(ours.name, OURS, ours.prepare, ours.bars, judge=judge, tolerance=ours.tolerance)
    rows = (
        Row("gradient, stock", "torch", lambda: given.gradient),
        row("Hutchinson, tol 1e-3", "PyHessian", pyhessian_trace),
        row("Hutchinson, 100 probes", "curvlinops", curvlinops_trace, "hutchinson_trace", 100),
        row("Hutch++, 99 products", "curvlinops", curvlinops_trace, "hutchpp_trace", 99),
        row("XTrace, 100 products", "curvlinops", curvlinops_trace, "xtrace", 100),
        row("Hutch++, 99 products", "hessian-eigenthings", eigenthings_trace),
        mine,
    )
    return Case(given.title, rows, seconds=10.0, min_rounds=0)


def _exact_row(given: Problem) -> Row:
    bars = (Bar(15.0), Bar(1e-4, "relative error"))
    return Row("exact, piecewise linear", OURS, lambda: our_exact(given), bars, tolerance=1e-4)


def cases(quick: bool) -> Iterator[Case]:
    """The CNN of the bar (not when quick), a small one with a dense Hessian, and a smooth MLP."""
    small = correctness.problem("ReLU CNN", torch.float32)
    yield _case(small, float(correctness.exact_hessian("ReLU CNN").trace()), _exact_row(small))
    given = trained("mlp")
    blocked = Row("hessian_trace, rtol 0.005", OURS, lambda: our_estimate(given, 0.005), tolerance=TOLERANCE)
    yield _case(given, float(exact_spectrum("mlp", given).sum()), blocked)
    if not quick:
        large = problem("cnn")
        yield _case(large, gauss_newton_trace(large), _exact_row(large))
