"""Symmetric matrices with a given spectrum, and operators that misbehave."""

import torch
from torch import Tensor

from hnrc_lib.linalg import DenseOperator, LinearOperator


def with_spectrum(eigenvalues: Tensor, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> DenseOperator:
    """A dense matrix in a random basis."""
    generator, size = torch.Generator().manual_seed(seed), len(eigenvalues)
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    matrix = (basis * eigenvalues.double()) @ basis.mT
    return DenseOperator(((matrix + matrix.mT) / 2).to(dtype))


class Counted(LinearOperator):
    """Another operator, counting the columns that it multiplies."""

    def __init__(self, inner: LinearOperator) -> None:
        super().__init__(inner.shape, inner.dtype, inner.device)
        self.inner, self.columns, self.calls = inner, 0, 0

    def _matmat(self, block: Tensor) -> Tensor:
        self.columns, self.calls = self.columns + block.shape[1], self.calls + 1
        return self.inner @ block


class NotFinite(LinearOperator):
    """The identity until a given product, NaN from then on."""

    def __init__(self, size: int, after: int) -> None:
        super().__init__((size, size), torch.float64, torch.device("cpu"))
        self.left = after

    def _matmat(self, block: Tensor) -> Tensor:
        self.left -= 1
        scales = torch.arange(1.0, 1.0 + len(block), dtype=block.dtype).unsqueeze(1)
        return scales * block if self.left >= 0 else block * torch.nan


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)
