"""What happens to S4's printed training loop under the loaders that it could have meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims.printed_text import PrintedRun
from hnrc_lib.claims.s4_source import PROGRAM

INPUT_SIZE, NUM_CLASSES, THRESHOLD = 128, 10, 5.0


@dataclass(frozen=True)
class Batch:
    """What the printed loop asks of a batch: the attributes ``x`` and ``y``, which no loader of torch gives.

    Attributes:
        x: features, shape (N, T, 128).
        y: classes, shape (N,).
    """

    x: Float[Tensor, "batch frame feature"]
    y: Int[Tensor, " batch"]


def random_batches(
    count: int, generator: torch.Generator, *, batch_size: int = 8, num_frames: int = 10
) -> list[Batch]:
    """Batches of standard normal features and uniform classes.

    Args:
        count: how many.
        generator: source of the numbers.
        batch_size: N.
        num_frames: T.
    """
    return [
        Batch(
            torch.randn(batch_size, num_frames, INPUT_SIZE, generator=generator),
            torch.randint(0, NUM_CLASSES, (batch_size,), generator=generator),
        )
        for _ in range(count)
    ]


def run_loop(data_loader: Iterable[Any] | None, *, epochs: int = 1, seed: int = 0) -> PrintedRun:
    """Run the printed program and note the gradient norm of every step.

    Args:
        data_loader: what the program loops over; None leaves the name unbound, as it is printed.
        epochs: in place of the 100 of line 33.
        seed: of the initial weights.

    Returns:
        The run; ``names["norms"]`` lists the norms before clipping, one a step.

    >>> run_loop(None).message
    "NameError: name 'data_loader' is not defined"
    """
    bound: dict[str, Any] = {"norms": []}
    if data_loader is not None:
        bound["data_loader"] = data_loader
    # The two lines left empty in the loop: the second takes the note.
    replaced = {33: f"for epoch in range({epochs}):", 42: "        norms.append(float(grad_norm))"}
    return PROGRAM.run(replaced, bound, seed)
