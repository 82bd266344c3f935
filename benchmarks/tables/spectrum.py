"""Spectral density: ten Lanczos runs of fifty steps."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Problem, problem
from benchmarks.spectra import NAMES, exact_spectrum, trained
from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.linalg import SpectralDensity, spectral_density

NAME = "spectrum"
TITLE = "Spectral density"
TEXT = (
    "Stochastic Lanczos quadrature with ten vectors and fifty steps. W₁ is the Wasserstein-1 distance "
    "between the estimate and the exact spectrum (dense float64 Hessian), where that is feasible; it "
    "scatters with the draw of the vectors. PyHessian calls torch.eig, which torch has removed; its "
    "second row supplies one."
)
BARS = {"mlp": 1030.0, "cnn": 720.0, "rnn": 700.0}
VECTORS, STEPS = 10, 50
QUICK = (2, 10)
FEW = 2  # vectors of the peers where all ten take minutes


def removed_eig(matrix: Tensor, eigenvectors: bool = True) -> tuple[Tensor, Tensor]:
    """``torch.eig`` of a symmetric matrix, in the shape that it had before torch 1.13."""
    values, vectors = torch.linalg.eigh(matrix)
    return torch.stack([values, torch.zeros_like(values)], dim=1), vectors


def pyhessian_density(
    given: Problem, vectors: int, steps: int, *, supply: bool
) -> Callable[[], SpectralDensity]:
    """As it is, or with the function supplied that torch has removed."""

    def run() -> SpectralDensity:
        patch = mock.patch.object(torch, "eig", removed_eig) if supply else contextlib.nullcontext()
        with patch:
            nodes, weights = peers.pyhessian(given).density(iter=steps, n_v=vectors)
        return quadrature(
            [list(map(float, row)) for row in nodes], [list(map(float, row)) for row in weights], given
        )

    return run


def curvlinops_density(given: Problem, vectors: int, steps: int) -> Callable[[], SpectralDensity]:
    """Its Lanczos runs without re-orthogonalisation."""
    from curvlinops.papyan2020traces.spectrum import fast_lanczos

    def run() -> SpectralDensity:
        operator = peers.curvlinops(given)
        pairs = [fast_lanczos(operator, steps) for _ in range(vectors)]
        nodes = [values.tolist() for values, _ in pairs]
        return quadrature(nodes, [(axes[0] ** 2).tolist() for _, axes in pairs], given)

    return run


def eigenthings_density(given: Problem, vectors: int, steps: int) -> Callable[[], SpectralDensity]:
    """Re-orthogonalised runs, one after the other."""
    from hessian_eigenthings import spectral_density as density

    def run() -> SpectralDensity:
        found: Any = density(peers.eigenthings(given), num_runs=vectors, lanczos_steps=steps, seed=0)
        return quadrature(found.raw_eigenvalues.tolist(), found.raw_weights.tolist(), given)

    return run


def our_density(given: Problem, vectors: int, steps: int) -> Callable[[], SpectralDensity]:
    """Re-orthogonalised runs in lock-step; building the operator is part of the work."""

    def run() -> SpectralDensity:
        operator = HessianLinearOperator(given.loss, given.params)
        generator = torch.Generator().manual_seed(0)
        return spectral_density(operator, num_vectors=vectors, num_steps=steps, generator=generator)

    return run


def quadrature(nodes: list[list[float]], weights: list[list[float]], given: Problem) -> SpectralDensity:
    """A peer's nodes and weights in the library's shape, for the distance alone."""
    as_double = [torch.tensor(rows, dtype=torch.float64) for rows in (nodes, weights)]
    return SpectralDensity(as_double[0], as_double[1], given.size)


def _peer_rows(given: Problem, vectors: int, steps: int, of: int) -> Iterator[Row]:
    """The peers take one vector after the other, so that the cost of a few tells that of all."""
    work = f"density, {vectors} × {steps}"
    if vectors < of:
        work += f", counted {of / vectors:g} times"
    share = vectors / of
    densities: tuple[tuple[str, str, Callable[[], Callable[[], SpectralDensity]]], ...] = (
        (work, "PyHessian", lambda: pyhessian_density(given, vectors, steps, supply=False)),
        (
            f"{work} · torch.eig supplied",
            "PyHessian",
            lambda: pyhessian_density(given, vectors, steps, supply=True),
        ),
        (work, "curvlinops", lambda: curvlinops_density(given, vectors, steps)),
        (work, "hessian-eigenthings", lambda: eigenthings_density(given, vectors, steps)),
    )
    for name, provider, prepare in densities:
        yield Row(name, provider, prepare, units=share)


def _case(name: str, vectors: int, steps: int) -> Case:
    exact = None
    if name in NAMES:
        given = trained(name)
        exact = exact_spectrum(name, given)
    else:
        given = problem(name)

    def figures(density: SpectralDensity) -> dict[str, float]:
        return {} if exact is None else {"W₁": density.wasserstein_distance(exact)}

    bars = (Bar(BARS[name]),) if exact is None else (Bar(BARS[name]), Bar(None, "W₁"))
    sampled = vectors if exact is not None else min(vectors, FEW)
    rows = (
        Row("gradient, stock", "torch", lambda: given.gradient),
        *_peer_rows(given, sampled, steps, vectors),
        Row(f"density, {vectors} × {steps}", OURS, lambda: our_density(given, vectors, steps), bars),
    )
    judged = (dataclasses.replace(row, figures=figures) for row in rows[1:])
    return Case(given.title, (rows[0], *judged), seconds=10.0, min_rounds=0)


def cases(quick: bool) -> Iterator[Case]:
    """One case a model; two short runs, and no CNN, when quick."""
    for name in BARS:
        if not (quick and name == "cnn"):
            yield _case(name, *(QUICK if quick else (VECTORS, STEPS)))
