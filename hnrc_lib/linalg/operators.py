"""A matrix that is known by its products: sums, multiples, damping, and ways out to dense and SciPy."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, overload

import torch
from torch import Tensor

from hnrc_lib._shapes import Float

MAX_DENSE_BYTES = 4 * 2**30


class LinearOperator(ABC):
    """Linear map A: ℝⁿ → ℝᵐ, used as ``A @ v`` on a vector (n,) or on k columns at once (n, k).

    A subclass says how a block of columns is multiplied (``_matmat``). One whose vectors have a structure
    of their own, such as a dict of parameters, also defines ``flatten`` and ``unflatten``; sums, multiples
    and damped versions of it then accept that structure too.

    Args:
        shape: (m, n), rows and columns.
        dtype: floating-point type of the vectors.
        device: where the vectors lie.

    >>> A = DenseOperator(torch.diag(torch.tensor([1.0, 2.0])))
    >>> (2 * A).damped(0.5) @ torch.ones(2)
    tensor([2.5000, 4.5000])
    """

    structured = False

    def __init__(self, shape: tuple[int, int], dtype: torch.dtype, device: torch.device) -> None:
        self.shape, self.dtype, self.device = shape, dtype, device

    @abstractmethod
    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "m k"]:
        """A times k columns."""

    def flatten(self, vector: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
        """A structured vector as one of shape (n,); plain operators have no structure and refuse."""
        raise TypeError(
            f"vector must be a tensor of shape {self._vector_shapes()}, got {type(vector).__name__}"
        )

    def unflatten(self, vector: Float[Tensor, " m"]) -> dict[str, Tensor]:
        """The inverse of ``flatten``."""
        raise TypeError(f"{type(self).__name__} has no structured vectors")

    @overload
    def __matmul__(self, vector: Tensor) -> Tensor: ...
    @overload
    def __matmul__(self, vector: Mapping[str, Tensor]) -> dict[str, Tensor]: ...
    def __matmul__(self, vector: Tensor | Mapping[str, Tensor]) -> Tensor | dict[str, Tensor]:
        if not isinstance(vector, Tensor):
            return self.unflatten(self @ self.flatten(vector))
        self._check(vector)
        return self._matmat(vector) if vector.ndim == 2 else self._matmat(vector.unsqueeze(1)).squeeze(1)

    def __add__(self, other: "LinearOperator") -> "LinearOperator":
        return _Combination([(1.0, self), (1.0, other)])

    def __mul__(self, scalar: float | int) -> "LinearOperator":
        return _Combination([(scalar, self)])

    __rmul__ = __mul__

    def damped(self, damping: float | int) -> "LinearOperator":
        """A + λI.

        Args:
            damping: λ, any finite number; a negative one shifts the spectrum down.

        Raises:
            ValueError: A is not square or λ is not finite.
        """
        if self.shape[0] != self.shape[1]:
            raise ValueError(f"damping needs a square operator, got shape {self.shape}")
        identity = IdentityOperator(self.shape[0], self.dtype, self.device)
        return _Combination([(1.0, self), (damping, identity)])

    def to_dense(self, *, chunk_size: int = 64, max_bytes: int = MAX_DENSE_BYTES) -> Float[Tensor, "m n"]:
        """The matrix, column block by column block.

        Args:
            chunk_size: columns multiplied at once, ≥ 1.
            max_bytes: the largest matrix allowed, in bytes.

        Raises:
            MemoryError: the matrix would be larger than ``max_bytes``; nothing was computed.
        """
        require_room(self.shape, self.dtype, max_bytes)
        dense = torch.empty(self.shape, dtype=self.dtype, device=self.device)
        for start in range(0, self.shape[1], chunk_size):
            stop = min(start + chunk_size, self.shape[1])
            block = torch.zeros(self.shape[1], stop - start, dtype=self.dtype, device=self.device)
            block[torch.arange(start, stop), torch.arange(stop - start)] = 1
            dense[:, start:stop] = self._matmat(block)
        return dense

    def to_scipy(self) -> Any:
        """The same map as a ``scipy.sparse.linalg.LinearOperator``, for ``eigsh`` and its like."""
        from scipy.sparse import linalg as sparse  # SciPy is needed by this method alone

        def product(array: Any) -> Any:
            return (self @ torch.as_tensor(array, dtype=self.dtype, device=self.device)).cpu().numpy()

        dtype = torch.empty(0, dtype=self.dtype).numpy().dtype
        wrap: Any = sparse.LinearOperator  # its __new__ takes the shape alone, as type checkers read it
        return wrap(self.shape, matvec=lambda v: product(v.reshape(-1)), matmat=product, dtype=dtype)

    def _vector_shapes(self) -> str:
        return f"({self.shape[1]},) or ({self.shape[1]}, k)"

    def _check(self, vector: Tensor) -> None:
        if vector.ndim not in (1, 2) or vector.shape[0] != self.shape[1]:
            raise ValueError(f"vector must have shape {self._vector_shapes()}, got {tuple(vector.shape)}")
        if vector.dtype != self.dtype:
            raise TypeError(f"vector must have dtype {self.dtype}, got {vector.dtype}")
        if vector.device != self.device:
            raise ValueError(f"vector must lie on {self.device}, got {vector.device}")


class DenseOperator(LinearOperator):
    """A matrix that is there in full.

    Args:
        matrix: (m, n), floating point.
    """

    def __init__(self, matrix: Float[Tensor, "m n"]) -> None:
        super().__init__((matrix.shape[0], matrix.shape[1]), matrix.dtype, matrix.device)
        self.matrix = matrix

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "m k"]:
        return self.matrix @ block


class IdentityOperator(LinearOperator):
    """I of a given size.

    Args:
        size: n ≥ 1.
        dtype: floating-point type of the vectors.
        device: where the vectors lie.
    """

    def __init__(self, size: int, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__((size, size), dtype, device)

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return block


class _Combination(LinearOperator):
    """Σ cᵢ Aᵢ."""

    def __init__(self, terms: Sequence[tuple[float | int, LinearOperator]]) -> None:
        first = terms[0][1]
        for scalar, operator in terms:
            if not math.isfinite(scalar):
                raise ValueError(f"scalar must be finite, got {scalar}")
            if (operator.shape, operator.dtype, operator.device) != (first.shape, first.dtype, first.device):
                raise ValueError(f"operators must agree: expected {_kind(first)}, got {_kind(operator)}")
        super().__init__(first.shape, first.dtype, first.device)
        self.terms = terms
        self.structured = any(operator.structured for _, operator in terms)

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "m k"]:
        scalar, operator = self.terms[0]
        total = scalar * operator._matmat(block)
        for scalar, operator in self.terms[1:]:
            total = total + scalar * operator._matmat(block)
        return total

    def _model(self) -> LinearOperator:
        return next((operator for _, operator in self.terms if operator.structured), self.terms[0][1])

    def flatten(self, vector: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
        return self._model().flatten(vector)

    def unflatten(self, vector: Float[Tensor, " m"]) -> dict[str, Tensor]:
        return self._model().unflatten(vector)


def require_room(shape: tuple[int, int], dtype: torch.dtype, max_bytes: int) -> None:
    """Refuse a dense matrix before it is made.

    Raises:
        MemoryError: m·n numbers of this dtype take more than ``max_bytes``.

    >>> require_room((100_000, 100_000), torch.float64, 2**30)
    Traceback (most recent call last):
    MemoryError: a dense 100000 × 100000 matrix of torch.float64 takes 80.00 GB, max_bytes allows 1.07 GB
    """
    needed = shape[0] * shape[1] * dtype.itemsize
    if needed > max_bytes:
        raise MemoryError(
            f"a dense {shape[0]} × {shape[1]} matrix of {dtype} takes {needed / 1e9:.2f} GB, "
            f"max_bytes allows {max_bytes / 1e9:.2f} GB"
        )


def _kind(operator: LinearOperator) -> str:
    return f"shape {operator.shape}, {operator.dtype} on {operator.device}"
