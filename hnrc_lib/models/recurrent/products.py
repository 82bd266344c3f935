"""Products with weights, for one time and for a whole sequence, with or without dimensions of ``vmap``."""

import torch
from torch import Tensor

from hnrc_lib.models.recurrent.cell import MaybeTensor


def affine(bias: Tensor, hidden: MaybeTensor, weight: Tensor, out: MaybeTensor = None) -> Tensor:
    """bias + hidden · weight at one time, (B, *K, features); the bias alone where hidden is absent."""
    if hidden is None:
        return bias if out is None else out.copy_(bias)
    if out is None:
        if bias.ndim == hidden.ndim == weight.ndim == 2:
            return torch.addmm(bias, hidden, weight)
        return bias + times(hidden, weight, 0)
    if out.ndim == 2:
        return torch.addmm(bias, hidden, weight, out=out)
    flat = out.flatten(0, -2)
    torch.addmm(bias.expand(out.shape).flatten(0, -2), hidden.flatten(0, -2), weight, out=flat)
    return out


def times(values: Tensor, weight: Tensor, batch: int) -> Tensor:
    """values · weight, where the weight may carry K in front and the values have K behind their batch."""
    vectors = weight.shape[:-2]
    if vectors.numel() == 1:
        return values @ shared(weight)
    if values.shape[batch + 1 : -1].numel() > 1:
        return (values.movedim(batch, -2) @ weight).movedim(-2, batch)
    # The same values for all vectors: these are more columns of one product.
    columns = weight.movedim(-2, 0).flatten(1)
    product = values.reshape(-1, values.shape[-1]) @ columns
    return product.view(*values.shape[: batch + 1], *vectors, weight.shape[-1])


def affine_sequence(bias: Tensor, hidden: Tensor, weight: Tensor) -> Tensor:
    """``affine`` for a whole sequence: one matrix product."""
    if bias.ndim == hidden.ndim == 3 and weight.ndim == 2:
        flat = torch.addmm(bias.flatten(0, 1), hidden.flatten(0, 1), weight)
        return flat.unflatten(0, bias.shape[:2])
    return bias + times(hidden, weight, 1)


def shared(weight: Tensor) -> Tensor:
    """W without the dimensions of ``vmap`` where all of them have the same one."""
    return weight.reshape(weight.shape[-2:]) if weight.shape[:-2].numel() == 1 else weight


def weight_product(cotangents: Tensor, hidden: Tensor) -> Tensor:
    """Σ_t y_t h_{t−1}ᵀ (*K, G, H), h_{−1} = 0: the gradient of W."""
    return correlate(cotangents[1:], hidden[:-1])


def correlate(left: Tensor, right: Tensor) -> Tensor:
    """Σ_t y_t x_tᵀ (*K, G, H): one matrix product over the whole sequence."""
    size, width = left.shape[-1], right.shape[-1]
    many, others = left.shape[2:-1].numel(), right.shape[2:-1].numel()
    if many > 1 and others > 1:
        return _by_vector(left).mT @ _by_vector(right)
    # K stands beside the features: vectors on one side alone are more rows or columns of one product.
    product = left.reshape(-1, many * size).mT @ right.reshape(-1, others * width)
    product = product.view(many, size, others, width).transpose(1, 2)
    return product.reshape(*torch.broadcast_shapes(left.shape[2:-1], right.shape[2:-1]), size, width)


def _by_vector(sequence: Tensor) -> Tensor:
    """(T, B, *K, F) → (*K, T·B, F)."""
    return sequence.movedim((0, 1), (-3, -2)).flatten(-3, -2)


def delayed(sequence: Tensor, initial: MaybeTensor) -> Tensor:
    """The value one step before: (initial or 0, s_0, …, s_{T−2})."""
    first = torch.zeros_like(sequence[:1]) if initial is None else initial.unsqueeze(0)
    shape = torch.broadcast_shapes(first.shape[1:], sequence.shape[1:])
    return torch.cat((first.expand(1, *shape), sequence[:-1].expand(-1, *shape)))


def add_recurrent(inputs: Tensor, hidden: Tensor, weight: Tensor) -> Tensor:
    """z_t + W h_{t−1} for a whole sequence at once, with h_{−1} = 0."""
    return affine_sequence(inputs, delayed(hidden, None), weight.mT)
