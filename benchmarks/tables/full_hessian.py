"""The full Hessian, per column."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Problem, problem, relative_error
from benchmarks.tables.hvp import exact_products
from hnrc_lib.curvature import HessianLinearOperator

NAME = "full_hessian"
TITLE = "The full Hessian"
TEXT = (
    "All n columns; the ratio is per column. The reference is torch's double backward in float64, on "
    "four random combinations of the columns."
)
BARS = {"small mlp": 0.5, "mlp": 0.85}
CHUNK = 64


def our_hessian(given: Problem) -> Callable[[], Tensor]:
    """Only the triangle is computed; building the operator is part of the work."""
    return lambda: HessianLinearOperator(given.loss, given.params, chunk_size=CHUNK).to_dense()


def curvlinops_hessian(given: Problem) -> Callable[[], Tensor]:
    """The operator times the identity, in chunks as long as ours."""
    operator, identity = peers.curvlinops(given), torch.eye(given.size)
    return lambda: torch.cat([operator @ part for part in identity.split(CHUNK, dim=1)], dim=1)


def torch_hessian(given: Problem) -> Callable[[], Tensor]:
    """``torch.func.hessian`` of the loss of one flat vector."""
    vector = torch.cat([p.detach().reshape(-1) for p in given.parameters])
    hessian = torch.func.hessian(lambda flat: given.loss(given.named(flat)))
    return lambda: hessian(vector).detach()


def _case(name: str) -> Case:
    given = problem(name)
    combinations = torch.randn(given.size, 4, generator=torch.Generator().manual_seed(1))
    exact, columns = exact_products(given, combinations), float(given.size)

    def row(
        provider: str, make: Callable[[Problem], Callable[[], Tensor]], bars: tuple[Bar, ...] = ()
    ) -> Row:
        return Row(
            "full Hessian, per column",
            provider,
            lambda: make(given),
            bars,
            columns,
            judge=lambda hessian: relative_error(hessian.double() @ combinations.double(), exact),
        )

    rows = [
        Row("gradient, stock", "torch", lambda: given.gradient),
        row("curvlinops", curvlinops_hessian),
        row(OURS, our_hessian, (Bar(BARS[name]),)),
    ]
    if name == "small mlp":
        rows[1:1] = [row("torch", torch_hessian), row("asdl", peers.asdl_hessian)]
    return Case(
        f"{given.title}, {given.size:,} parameters", tuple(rows), min_rounds=1 if name == "mlp" else 5
    )


def cases(quick: bool) -> Iterator[Case]:
    """Two sizes; the small one alone when quick."""
    for name in ("small mlp",) if quick else BARS:
        yield _case(name)
