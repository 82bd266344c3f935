"""Steps of a sequence: buffers to write into, or lists to put together.

Where nothing is traced or batched, each step writes into views of one buffer (``out=``), which spares an
allocation a step and the copy of ``torch.stack``. Elsewhere the same code runs with ``out=None`` on lists:
what ``torch.func.linearize`` traces must not be written to, and a buffer has no room for a hidden batch.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.nn import functional

from hnrc_lib.models.recurrent.cell import MaybeTensor


def buffer(length: int, size: int, *operands: MaybeTensor, weight: MaybeTensor = None) -> MaybeTensor:
    """Room for a sequence (T, B, *K, size) of the operands' batch.

    None where new tensors must be made instead, and where each vector of a ``vmap`` has a weight of its own.
    """
    there = [operand for operand in operands if operand is not None]
    if not writable(*there) or (weight is not None and (weight.ndim > 2 or not writable(weight))):
        return None
    return there[0].new_empty((length, *torch.broadcast_shapes(*(o.shape[1:-1] for o in there)), size))


def writable(*operands: Tensor) -> bool:
    """Whether these are plain memory: no transform of ``torch.func``, no batch, nothing that traces.

    On the CPU alone: writing in place has not run on a card yet.
    """
    return (
        all(operand.device.type == "cpu" for operand in operands)
        and not torch._C._are_functorch_transforms_active()  # pyright: ignore[reportPrivateUsage]
        and torch._C._len_torch_dispatch_stack() == 0  # pyright: ignore[reportPrivateUsage]
        # That of is_grads_batched=True is no functorch transform.
        and not any(is_legacy_batchedtensor(operand) for operand in operands)
    )


def rows(values: MaybeTensor, length: int) -> list[Any]:
    """The sequence time by time: views, or places yet to be filled."""
    return [None] * length if values is None else list(values.unbind(0))


def whole(values: MaybeTensor, steps: Sequence[Tensor]) -> Tensor:
    """The buffer that the steps were written into, or the steps put together."""
    return stack(steps) if values is None else values


def places(values: MaybeTensor, count: int) -> list[Any]:
    """Parts of the last dimension: views, or places yet to be filled."""
    return [None] * count if values is None else list(values.chunk(count, -1))


def grid(values: Tensor) -> Tensor:
    """(…, 5H) as (…, 5, H)."""
    return values.reshape(*values.shape[:-1], 5, values.shape[-1] // 5)


def put(value: Tensor, out: MaybeTensor) -> Tensor:
    """The value, copied to where it belongs if there is such a place."""
    return value if out is None else out.copy_(value)


def scaled(bias: MaybeTensor, factor: Tensor, value: Tensor, out: MaybeTensor) -> Tensor:
    """bias + factor · value, an absent bias being zero."""
    if bias is None:
        return torch.mul(factor, value, out=out)
    return torch.addcmul(bias, factor, value, out=out)


def stack(steps: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Steps of a sequence, the first of which may lack dimensions that ``vmap`` gave to the others."""
    shape = torch.broadcast_shapes(*{step.shape for step in steps})
    return torch.stack([step if step.shape == shape else step.expand(shape) for step in steps], dim)


def join(*parts: Tensor) -> Tensor:
    """Parts side by side in the last dimension, as for ``stack``."""
    if len({part.shape[:-1] for part in parts}) > 1:
        shape = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
        return torch.cat([part.expand(*shape, part.shape[-1]) for part in parts], -1)
    return torch.cat(parts, -1)


def assemble(room: MaybeTensor, parts: Sequence[Tensor], later: MaybeTensor = None) -> Tensor:
    """Rows (T + 1, …, 5H) of their parts at T times, with what belongs to c one time later added."""
    if room is not None:
        room[-1].zero_()
        if later is not None:
            room[1:, ..., : later.shape[-1]].add_(later)
        return room
    body = join(*parts)
    total = torch.cat((body, torch.zeros_like(body[:1])))
    if later is None:
        return total
    size = later.shape[-1]
    return total + functional.pad(later, (0, 4 * size, *(0, 0) * (later.ndim - 2), 1, 0))


class GateRows:
    """Rows (c_{t−1}, parts_t) of T + 1 times, the last of them without parts.

    Attributes:
        cells: c_{t−1}, T + 1 places of width H.
        parts: T places of width 4H.
        gates: all these parts, if there is a buffer.
    """

    def __init__(self, weight: MaybeTensor, length: int, size: int, *operands: MaybeTensor) -> None:
        self._room = buffer(length + 1, 5 * size, *operands, weight=weight)
        self._rows = rows(self._room, length + 1)
        self.cells, self.gates = rows(None, length + 1), None
        if self._room is not None:
            self.cells = rows(self._room[..., :size], length + 1)
            self.gates = self._room[:-1, ..., size:]
            self._room[-1, ..., size:].zero_()
        self.parts = rows(self.gates, length)

    def row(self, t: int) -> Tensor:
        """The row at t < T, put together of its parts unless they were written there."""
        if self._room is None:
            self._rows[t] = join(self.cells[t], self.parts[t])
        return self._rows[t]

    def places(self) -> list[Any]:
        """Where each row is to be written, as (B, *K, 5, H)."""
        if self._room is None:
            return self._rows
        return rows(grid(self._room), len(self._rows))

    def keep(self, t: int, row: Tensor) -> None:
        """Take a row (B, *K, 5, H) that was made at once, unless it was written there."""
        if self._room is None:
            self._rows[t] = row.reshape(*row.shape[:-2], -1)
            self.cells[t], self.parts[t] = self._rows[t].split((row.shape[-1], 4 * row.shape[-1]), -1)

    def fill(self, gates: Tensor) -> Tensor:
        """Take all parts at once, unless they were written there."""
        if self._room is None:
            self.parts = list(gates.unbind(0))
        return gates

    def fill_cells(self, cells: Tensor) -> None:
        """Take c_{t−1} for all times at once."""
        if self._room is None:
            self.cells = list(cells.unbind(0))
        else:
            self._room[..., : cells.shape[-1]].copy_(cells)

    def whole(self) -> Tensor:
        """All rows (T + 1, B, *K, 5H)."""
        if self._room is not None:
            return self._room
        for t, row in enumerate(self._rows[:-1]):
            if row is None:
                self.row(t)
        last = self.cells[-1]
        self._rows[-1] = functional.pad(last, (0, 4 * last.shape[-1]))
        return stack(self._rows)
