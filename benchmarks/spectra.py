"""Exact spectra of the problems whose estimated densities are compared.

    python -m benchmarks.spectra      (minutes)

The dense float64 Hessian comes from torch's double backward, row by row. The eigenvalues are kept beside this
file, with one product that tells whether they still belong to the problem.
"""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.problems import Problem, problem

FOLDER = Path(__file__).resolve().parent / "spectra_exact"
NAMES = ("mlp", "rnn")
STEPS, LEARNING_RATE = 60, 1e-3


def trained(name: str) -> Problem:
    """A problem after sixty steps of Adam on its batch, taken in float64 and cast to float32."""
    given = problem(name)
    double = in_float64(given)
    optimizer = torch.optim.Adam(double.model.parameters(), LEARNING_RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        double.criterion(double.model(double.inputs), double.targets).backward()
        optimizer.step()
    optimizer.zero_grad()
    return dataclasses.replace(given, model=double.model.float())


def in_float64(given: Problem) -> Problem:
    """The same problem in double precision."""
    return dataclasses.replace(given, model=copy.deepcopy(given.model).double(), inputs=given.inputs.double())


def fingerprint(given: Problem) -> float:
    """vᵀHv in float64 for a vector of random signs."""
    generator = torch.Generator().manual_seed(3)
    signs = torch.randint(0, 2, (given.size,), generator=generator).double() * 2 - 1
    return float(signs @ peers.torch_product(in_float64(given))(signs))


def exact_spectrum(name: str, given: Problem) -> Tensor:
    """Eigenvalues, ascending, float64.

    Raises:
        ValueError: the stored ones belong to another problem.
    """
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as stored:
        kept, eigenvalues = float(stored["fingerprint"]), stored["eigenvalues"].astype("float64")
    found = fingerprint(given)
    if not abs(found - kept) <= 1e-2 * abs(kept):
        raise ValueError(f"spectrum of {name!r} must have vᵀHv = {found:.4g}, got {kept:.4g}: make it again")
    return torch.from_numpy(eigenvalues)


def dense(given: Problem) -> Tensor:
    """The Hessian in float64, one row after the other."""
    double = in_float64(given)
    product, identity = peers.torch_kept_product(double), torch.eye(given.size, dtype=torch.float64)
    return torch.stack([product(row) for row in identity])


def main() -> None:
    """Compute and store every spectrum."""
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        given = trained(name)
        hessian = dense(given)
        eigenvalues = torch.linalg.eigvalsh((hessian + hessian.T) / 2)
        path = FOLDER / f"{name}.npz"
        np.savez(path, eigenvalues=eigenvalues.numpy().astype("float32"), fingerprint=fingerprint(given))
        print(f"{path.name}: n = {given.size}, trace {float(eigenvalues.sum()):.4f}")


if __name__ == "__main__":
    main()
