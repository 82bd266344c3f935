"""The five eigenpairs of largest magnitude."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Problem, flat, problem
from benchmarks.spectra import in_float64
from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.linalg import top_eigenpairs

NAME = "eigenpairs"
TITLE = "Five extreme eigenpairs"
TEXT = (
    "The five eigenvalues of largest magnitude with their vectors, to a relative residual of 1e-3. The "
    "error is the largest relative residual ‖Hu − λu‖/|λ| or distance of an eigenvalue from ARPACK's in "
    "float64 at tolerance 1e-9, whichever is larger; a ghost copy of an eigenvalue shows as such a "
    "distance."
)
COUNT, TOLERANCE = 5, 1e-3
BARS = {"cnn": 90.0, "mlp": None}


class Pairs(NamedTuple):
    """Eigenvalues (k,) and eigenvectors as columns (n, k), in any order."""

    values: Tensor
    vectors: Tensor


class Exact:
    """What pairs are compared with: products and eigenvalues in float64."""

    def __init__(self, given: Problem) -> None:
        self.product = peers.torch_kept_product(in_float64(given))
        matrix = LinearOperator(
            (given.size, given.size),
            matvec=lambda v: self.product(torch.from_numpy(v.ravel())).numpy(),
            dtype="d",
        )
        start = torch.randn(given.size, generator=torch.Generator().manual_seed(4)).double().numpy()
        values = eigsh(matrix, COUNT, which="LM", tol=1e-9, v0=start, return_eigenvectors=False)
        self.values = by_magnitude(torch.from_numpy(values))

    def error(self, pairs: Pairs) -> float:
        """The larger of the worst relative residual and the worst relative distance of an eigenvalue."""
        distance = ((by_magnitude(pairs.values.double()) - self.values) / self.values).abs().max()
        residuals = []
        for value, vector in zip(pairs.values.double(), pairs.vectors.double().T, strict=True):
            unit = vector / vector.norm()
            residuals.append(float((self.product(unit) - value * unit).norm() / value.abs()))
        return max(float(distance), *residuals)


def by_magnitude(values: Tensor) -> Tensor:
    """Sorted, largest magnitude first.

    >>> by_magnitude(torch.tensor([1.0, -3.0, 2.0]))
    tensor([-3.,  2.,  1.])
    """
    return values[values.abs().argsort(descending=True)]


def pyhessian_pairs(given: Problem, **options: float) -> Callable[[], Pairs]:
    """Power iteration, one eigenpair after the other."""

    def run() -> Pairs:
        values, vectors = peers.pyhessian(given).eigenvalues(top_n=COUNT, **options)
        return Pairs(torch.tensor(values), torch.stack([flat(vector) for vector in vectors], dim=1))

    return run


def curvlinops_pairs(given: Problem) -> Callable[[], Pairs]:
    """curvlinops' operator in SciPy's ARPACK, as its documentation does it."""

    def run() -> Pairs:
        operator = peers.curvlinops(given).to_scipy()
        values, vectors = eigsh(operator, COUNT, which="LM", tol=TOLERANCE)
        return Pairs(torch.from_numpy(values), torch.from_numpy(vectors))

    return run


def eigenthings_pairs(given: Problem, **options: bool) -> Callable[[], Pairs]:
    """Sixty Lanczos steps."""
    from hessian_eigenthings import lanczos

    def run() -> Pairs:
        found = lanczos(peers.eigenthings(given), k=COUNT, max_iter=60, tol=TOLERANCE, seed=0, **options)
        return Pairs(found.eigenvalues, found.eigenvectors.T)

    return run


def our_pairs(given: Problem) -> Callable[[], Pairs]:
    """Restarted Lanczos with its search for hidden copies; building the operator is part of the work."""

    def run() -> Pairs:
        generator = torch.Generator().manual_seed(0)
        operator = HessianLinearOperator(given.loss, given.params)
        found = top_eigenpairs(operator, COUNT, which="magnitude", rtol=TOLERANCE, generator=generator)
        return Pairs(found.eigenvalues, found.eigenvectors)

    return run


def _case(name: str) -> Case:
    given = problem(name)
    exact = Exact(given)

    def row(
        words: str, provider: str, prepare: Callable[[], Callable[[], Pairs]], bars: tuple[Bar, ...] = ()
    ) -> Row:
        # A residual of just 1e-3 in float32 may measure a little more in float64.
        return Row(words, provider, prepare, bars, judge=exact.error, tolerance=1.05 * TOLERANCE)

    limit = BARS[name]
    rows = [
        Row("gradient, stock", "torch", lambda: given.gradient),
        row("power iteration, tol 1e-3", "PyHessian", lambda: pyhessian_pairs(given, maxIter=100, tol=1e-3)),
        row("SciPy eigsh, tol 1e-3", "curvlinops", lambda: curvlinops_pairs(given)),
        row("Lanczos, 60 steps", "hessian-eigenthings", lambda: eigenthings_pairs(given)),
        row(
            "Lanczos, 60 steps, reorthogonalize=True",
            "hessian-eigenthings",
            lambda: eigenthings_pairs(given, reorthogonalize=True),
        ),
        row("top_eigenpairs, rtol 1e-3", OURS, lambda: our_pairs(given), (Bar(limit),)),
    ]
    if name == "mlp":  # minutes on the CNN
        rows.insert(
            2,
            row(
                "power iteration, tol 1e-6",
                "PyHessian",
                lambda: pyhessian_pairs(given, maxIter=1000, tol=1e-6),
            ),
        )
    return Case(given.title, tuple(rows), seconds=10.0, min_rounds=0)


def cases(quick: bool) -> Iterator[Case]:
    """The CNN of the bar and the MLP; the MLP alone when quick."""
    for name in ("mlp",) if quick else BARS:
        yield _case(name)
