"""Weights as they are stored: float32, float16, or int8 with a scale for each output channel."""

from collections.abc import Mapping

import torch
from torch import Tensor

DTYPES = ("float32", "float16", "int8")
_SCALE = ":scale"


def pack_weights(state: Mapping[str, Tensor], dtype: str) -> dict[str, Tensor]:
    """A module's state as it is stored.

        int8: q = round(w / s), s = max |w| / 127 over each slice of the first axis

    Matrices and kernels become int8, vectors stay float32: they are few and carry gains and biases. Integer
    entries stay as they are.

    Args:
        state: tensors by name.
        dtype: ``"float32"``, ``"float16"`` or ``"int8"``.

    Raises:
        ValueError: another dtype, or a weight that is not finite or overflows float16; names it.

    >>> packed = pack_weights({"w": torch.tensor([[1.0, -0.5]])}, "int8")
    >>> packed["w"], packed["w:scale"] * 127
    (tensor([[127, -64]], dtype=torch.int8), tensor([1.]))

    Benoit Jacob and others, Quantization and training of neural networks for efficient
    integer-arithmetic-only inference (2018).
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    packed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        value = tensor.detach().cpu().contiguous()
        if value.is_floating_point():
            value = value.float()
            stored = value.half() if dtype == "float16" else value
            if not torch.isfinite(stored).all():
                raise ValueError(f"weight {name!r} must be finite in {dtype}, got another value")
            if dtype == "int8" and value.dim() >= 2:
                stored, packed[name + _SCALE] = _quantize(value)
            value = stored
        packed[name] = value
    return packed


def unpack_weights(stored: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a module from what was stored, every entry checked by name and shape.

    Args:
        stored: from ``pack_weights``.
        expected: the state that the module has now.

    Returns:
        Tensors in the module's dtypes.

    Raises:
        ValueError: an entry is absent, too much, or of another shape; names all of them.

    >>> unpack_weights({"w": torch.zeros(2)}, {"w": torch.zeros(3), "b": torch.zeros(1)})
    Traceback (most recent call last):
        ...
    ValueError: weights must be those of the architecture: 'b' is absent; 'w' must have shape (3,), got (2,)
    """
    names = {name for name in stored if not name.endswith(_SCALE)}
    faults = [f"{name!r} is absent" for name in sorted(expected.keys() - names)]
    faults += [f"{name!r} is too much" for name in sorted(names - expected.keys())]
    for name in sorted(names & expected.keys()):
        wanted, got = tuple(expected[name].shape), tuple(stored[name].shape)
        if wanted != got:
            faults.append(f"{name!r} must have shape {wanted}, got {got}")
        elif stored[name].dtype == torch.int8 and expected[name].is_floating_point():
            scale = stored.get(name + _SCALE)
            if scale is None or scale.shape != wanted[:1]:
                faults.append(f"{name + _SCALE!r} must have shape {wanted[:1]}")
    if faults:
        raise ValueError(f"weights must be those of the architecture: {'; '.join(faults)}")
    return {name: _restored(name, stored).to(value.dtype) for name, value in expected.items()}


def _restored(name: str, stored: Mapping[str, Tensor]) -> Tensor:
    scale = stored.get(name + _SCALE)
    if scale is None:
        return stored[name]
    return stored[name].float() * scale.view(-1, *[1] * (stored[name].dim() - 1))


def _quantize(value: Tensor) -> tuple[Tensor, Tensor]:
    scale = value.flatten(1).abs().amax(1) / 127
    divisor = torch.where(scale > 0, scale, 1.0).view(-1, *[1] * (value.dim() - 1))
    return (value / divisor).round().to(torch.int8), scale
