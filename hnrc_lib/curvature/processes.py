"""Averages over the processes of a data-parallel run."""

from typing import Any

import torch
from torch import Tensor


def average(tensor: Tensor, process_group: Any) -> Tensor:
    """(1/P) Σ over the processes of a group, the same on each of them.

    Args:
        tensor: any shape, the same on every process; returned as it is where there is no group.
        process_group: of ``torch.distributed``, or None.

    >>> average(torch.tensor([2.0]), None)
    tensor([2.])
    """
    if process_group is None:
        return tensor
    total = tensor.contiguous().clone()
    torch.distributed.all_reduce(total, group=process_group)
    return total / torch.distributed.get_world_size(process_group)
