"""Parameters as a dict and as one flat vector, and the checks that keep the two apart."""

from collections.abc import Mapping

import torch
from torch import Tensor

from hnrc_lib._shapes import Float


def parameter_blocks(params: Mapping[str, Tensor]) -> dict[str, int]:
    """Number of entries of every parameter, in the order in which they lie in a flat vector.

    Args:
        params: name to tensor, as in ``dict(model.named_parameters())``.

    >>> parameter_blocks({"weight": torch.zeros(2, 3), "bias": torch.zeros(2)})
    {'weight': 6, 'bias': 2}
    """
    return {name: value.numel() for name, value in params.items()}


def flatten(vector: Mapping[str, Tensor]) -> Float[Tensor, " n"]:
    """One vector of shape (n,) from a dict of tensors, in the dict's own order.

    Args:
        vector: name to tensor.

    >>> flatten({"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
    tensor([1., 1., 0.])
    """
    return torch.cat([value.reshape(-1) for value in vector.values()])


def unflatten(vector: Float[Tensor, " n"], like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A flat vector as a dict of tensors shaped like the parameters (views where possible).

    Args:
        vector: shape (n,), n the number of entries of ``like``.
        like: name to tensor; only the names and shapes are used.

    Raises:
        ValueError: the vector has another length.

    >>> unflatten(torch.arange(3.0), {"weight": torch.zeros(1, 2), "bias": torch.zeros(1)})
    {'weight': tensor([[0., 1.]]), 'bias': tensor([2.])}
    """
    sizes = list(parameter_blocks(like).values())
    if vector.shape != (sum(sizes),):
        raise ValueError(f"vector must have shape ({sum(sizes)},), got {tuple(vector.shape)}")
    parts = vector.split(sizes)
    return {name: part.view(like[name].shape) for name, part in zip(like, parts, strict=True)}


def check_params(params: Mapping[str, Tensor]) -> None:
    """Refuse parameters that cannot form one flat real vector.

    Raises:
        ValueError: there are none, or they lie on several devices.
        TypeError: one is not a tensor, not real floating point, or they mix dtypes.
    """
    if not params:
        raise ValueError("params must hold at least one tensor, got none")
    for name, value in params.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"params[{name!r}] must be a tensor, got {type(value).__name__}")
        if not value.is_floating_point():
            raise TypeError(f"params[{name!r}] must be real floating point, got {value.dtype}")
    dtypes = {name: value.dtype for name, value in params.items()}
    if len(set(dtypes.values())) > 1:
        raise TypeError(f"params must share one dtype, got {dtypes}")
    devices = {name: str(value.device) for name, value in params.items()}
    if len(set(devices.values())) > 1:
        raise ValueError(f"params must lie on one device, got {devices}")


def check_vector(vector: Mapping[str, Tensor], params: Mapping[str, Tensor]) -> None:
    """Refuse a dict vector that does not match the parameters in names, shapes, dtypes, or devices.

    Raises:
        ValueError: names, shapes or devices differ.
        TypeError: dtypes differ.
    """
    if set(vector) != set(params) or any(vector[name].shape != params[name].shape for name in params):
        raise ValueError(f"vector must match params: expected {_shapes(params)}, got {_shapes(vector)}")
    for name, value in params.items():
        if vector[name].dtype != value.dtype:
            raise TypeError(f"vector[{name!r}] must have dtype {value.dtype}, got {vector[name].dtype}")
        if vector[name].device != value.device:
            raise ValueError(f"vector[{name!r}] must lie on {value.device}, got {vector[name].device}")


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}
