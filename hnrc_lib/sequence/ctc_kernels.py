"""Which code sums the lattice: plain torch operations anywhere, or Triton kernels on a card.

The kernels agree with the torch operations in Triton's interpreter and compile for the cards, but have run on
none yet; so ``auto`` takes the torch operations until a benchmark on a card vouches for the kernels.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib.sequence import ctc_lattice, ctc_tangent

CHOICES = ("auto", "torch", "triton")
OLDEST_TRITON = (3, 4)  # before it, gather along one axis failed across warps (triton-lang/triton #6958)


class Kernels(NamedTuple):
    """Two functions that take and give what those of ``ctc_lattice`` and ``ctc_tangent`` do."""

    lattice: Callable[..., ctc_lattice.Lattice]
    covariance_product: Callable[..., Tensor]


def kernels(choice: str) -> Kernels:
    """The code that a checked choice stands for; Triton is imported here, when it is asked for."""
    if choice != "triton":
        return Kernels(ctc_lattice.ctc_lattice, ctc_tangent.covariance_product)
    from hnrc_lib.sequence import ctc_triton_lattice, ctc_triton_tangent

    return Kernels(ctc_triton_lattice.ctc_lattice, ctc_triton_tangent.covariance_product)


def check_choice(choice: str, device: torch.device) -> None:
    """Refuse a kernel that there is not, or that cannot run here.

    Raises:
        ValueError: naming the argument, what it may be, and what came.
    """
    if choice not in CHOICES:
        raise ValueError(f"kernel must be 'auto', 'torch' or 'triton', got {choice!r}")
    if choice != "triton":
        return
    if find_spec("triton") is None:
        raise ValueError("kernel 'triton' needs the package triton, which is not installed")
    import triton

    if tuple(map(int, triton.__version__.split(".")[:2])) < OLDEST_TRITON:
        raise ValueError(f"kernel 'triton' needs triton 3.4 or later, got {triton.__version__}")
    from hnrc_lib.sequence import ctc_triton_lattice

    if device.type != "cuda" and not ctc_triton_lattice.INTERPRETED:
        raise ValueError(f"kernel 'triton' needs scores on a CUDA card, got {device}")
