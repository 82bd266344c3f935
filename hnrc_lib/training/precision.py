"""The number format of a run, by what its card computes in."""

import torch

_FORMATS = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
# NVIDIA's Ampere (8.0) is the first that computes in bfloat16; a T4 (7.5) has float16 alone.
_BFLOAT16_FROM = (8, 0)
_FLOAT16_FROM = (7, 0)


def mixed_precision(precision: str, device: torch.device | str) -> str:
    """Accelerate's name of a precision: ``"no"``, ``"bf16"`` or ``"fp16"``.

    Args:
        precision: ``"float32"``, ``"bfloat16"``, ``"float16"``, or ``"auto"``: float32 on a CPU; on a card
            bfloat16 from compute capability 8.0, float16 with a scaled loss from 7.0, float32 below.
        device: where the run is to take place.

    Raises:
        ValueError: no such precision; float16 on a CPU, or bfloat16 on a card that only emulates it.

    >>> mixed_precision("auto", "cpu")
    'no'
    """
    if precision != "auto" and precision not in _FORMATS:
        raise ValueError(f"precision must be auto, {', '.join(_FORMATS)}, got {precision!r}")
    device = torch.device(device)
    if device.type != "cuda":
        if precision == "float16":
            raise ValueError(f"precision must not be float16 on {device.type}: it has no scaled loss")
        return "no" if precision == "auto" else _FORMATS[precision]
    capability = torch.cuda.get_device_capability(device)
    if precision == "bfloat16" and capability < _BFLOAT16_FROM:
        raise ValueError(f"precision must not be bfloat16 on a card of capability {capability}: below 8.0")
    if precision != "auto":
        return _FORMATS[precision]
    if capability >= _BFLOAT16_FROM:
        return "bf16"
    return "fp16" if capability >= _FLOAT16_FROM else "no"
