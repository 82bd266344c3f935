"""Refusals and random vectors that the matrix-free algorithms share."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.linalg.operators import LinearOperator


def check_square(A: LinearOperator) -> int:
    """The size n of a square operator.

    Raises:
        ValueError: A has another number of rows than of columns.
    """
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"A must be square, got shape {A.shape}")
    return A.shape[0]


def check_count(name: str, value: int, least: int, most: int | None = None) -> None:
    """Refuse a number outside least … most.

    Raises:
        ValueError: it lies outside.
    """
    if value < least or (most is not None and value > most):
        wanted = f"at least {least}" if most is None else f"between {least} and {most}"
        raise ValueError(f"{name} must be {wanted}, got {value}")


def check_finite(name: str, values: Tensor) -> None:
    """Refuse NaN and infinity by name, before an eigensolver reports them as something else.

    Raises:
        ValueError: an entry is not finite.
    """
    if not bool(torch.isfinite(values).all()):
        raise ValueError(f"{name} must be finite, got NaN or infinity")


def check_vector(name: str, vector: Tensor, A: LinearOperator) -> None:
    """Refuse a vector (n,) that A cannot take.

    Raises:
        ValueError: shape or device differ, or it is not finite.
        TypeError: the dtype differs.
    """
    if vector.shape != (A.shape[1],):
        raise ValueError(f"{name} must have shape ({A.shape[1]},), got {tuple(vector.shape)}")
    if vector.dtype != A.dtype:
        raise TypeError(f"{name} must have dtype {A.dtype}, got {vector.dtype}")
    if vector.device != A.device:
        raise ValueError(f"{name} must lie on {A.device}, got {vector.device}")
    check_finite(name, vector)


def rademacher(A: LinearOperator, count: int, generator: torch.Generator | None) -> Float[Tensor, "n k"]:
    """Columns of independent signs ±1, as A takes them."""
    device = A.device if generator is None else generator.device
    signs = torch.randint(0, 2, (count, A.shape[1]), generator=generator, device=device)
    return (2 * signs - 1).to(dtype=A.dtype, device=A.device).mT


def gaussian(A: LinearOperator, count: int, generator: torch.Generator | None) -> Float[Tensor, "n k"]:
    """Columns of independent standard normal numbers, as A takes them."""
    device = A.device if generator is None else generator.device
    return torch.randn(count, A.shape[1], generator=generator, dtype=A.dtype, device=device).to(A.device).mT
