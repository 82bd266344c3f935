"""Norms that neither overflow where the entries are finite nor hide an entry that is not."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm


def global_norm(parts: Sequence[Tensor]) -> float:
    """Euclidean norm of all tensors read as one vector.

        ‖g‖ = √(Σ_l ‖g_l‖²), in float32 at least; a sum of squares that overflows is taken again of g/max|g|.

    Args:
        parts: g_l, of any shapes, floating dtypes and devices; none at all has norm 0.

    Returns:
        ‖g‖; inf or NaN only where an entry is.

    >>> global_norm([torch.tensor([3.0]), torch.tensor([[4.0]])]), global_norm([torch.full((4,), 2.0**90)])
    (5.0, 2.475880078570760...e+27)
    """
    wide = [widened(part) for part in parts if part.numel()]
    norm = float(_total(wide))
    if math.isfinite(norm):
        return norm
    largest = float(torch.stack([part.abs().max().cpu() for part in wide]).max())
    if not math.isfinite(largest):
        return largest
    return largest * float(_total([part / largest for part in wide]))


def tensor_norms(parts: Sequence[Tensor]) -> list[float]:
    """Norm of each tensor by itself.

    >>> tensor_norms([torch.tensor([3.0, 4.0]), torch.zeros(2)])
    [5.0, 0.0]
    """
    if not parts:
        return []
    device = parts[0].device
    norms = [_total([widened(part)]).to(device) for part in parts]
    together = torch.stack(norms).tolist()
    pairs = zip(together, parts, strict=True)
    return [norm if math.isfinite(norm) else global_norm([part]) for norm, part in pairs]


def unit_norms(tensor: Tensor) -> Tensor:
    """Norm of each unit: the weights of one output of a layer, a bias as a whole.

        ‖w_i‖ over all axes but the first; over all where there is at most one

    Args:
        tensor: w, for example (outputs, inputs) or (outputs, inputs, height, width).

    Returns:
        Norms that broadcast against w, in float32 at least: (outputs, 1, …), or all axes 1.

    >>> unit_norms(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
    tensor([[5.],
            [2.]])
    """
    wide = widened(tensor)
    axes = tuple(range(1, tensor.ndim)) or tuple(range(tensor.ndim))
    if not tensor.numel():
        return torch.linalg.vector_norm(wide, dim=axes, keepdim=True)
    largest = wide.abs().amax(axes, keepdim=True).clamp_min(torch.finfo(wide.dtype).tiny)
    return largest * torch.linalg.vector_norm(wide / largest, dim=axes, keepdim=True)


def widened(part: Tensor) -> Tensor:
    """The tensor without its graph, in float32 at least."""
    part = part.detach()
    return part.float() if part.dtype in (torch.float16, torch.bfloat16) else part


# torch sums a long float32 tensor on a CPU with an error that grows with its length (8 % of the norm at 10⁸
# entries); the norm of the norms of short rows has none to speak of.
_ROW = 4096
_LONG = 16 * _ROW


def _total(parts: Sequence[Tensor]) -> Tensor:
    return get_total_norm([piece for part in parts for piece in _pieces(part)])


def _pieces(part: Tensor) -> list[Tensor]:
    if part.numel() <= _LONG:
        return [part]
    entries = part.reshape(-1)
    whole = len(entries) - len(entries) % _ROW
    return [torch.linalg.vector_norm(entries[:whole].view(-1, _ROW), dim=1), entries[whole:]]
