"""How many CPU threads an experiment computes on: stated, and given back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Compute on ``count`` threads inside the block, on as many as before after it.

    Sums are rounded in another order on another number of threads, so a recorded run names its own.

    Args:
        count: ≥ 1.

    Raises:
        ValueError: a count below 1.

    >>> before = torch.get_num_threads()
    >>> with cpu_threads(1):
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    if count < 1:
        raise ValueError(f"count must be positive, got {count}")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
