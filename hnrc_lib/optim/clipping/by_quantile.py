"""Clipping at a quantile of the norms that came before: no threshold to choose."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from hnrc_lib.optim.clipping.by_global_norm import clip_by_global_norm
from hnrc_lib.optim.clipping.rule import ClippingRule


def clip_by_quantile(
    parts: Sequence[Tensor], norms: Sequence[float], quantile: float, *, norm: float | None = None
) -> list[Tensor]:
    """Shorten g to a quantile of the last norms where it is longer.

        g ← g·min(1, c/‖g‖),  c the q-quantile of ‖g_1‖ … ‖g_t‖, interpolated between two norms

    Args:
        parts: g_t, in any number of tensors.
        norms: norms before clipping, that of g_t among them.
        quantile: q, 0 < q ≤ 1; 1 never clips.
        norm: ‖g_t‖, where it is known.

    Returns:
        Clipped tensors; all as they came where the norm is at most c or not finite, or c is 0.

    Raises:
        ValueError: q is not within (0, 1], or there are no norms.

    >>> import torch
    >>> clip_by_quantile([torch.tensor([4.0])], [1.0, 2.0, 4.0], 0.5)
    [tensor([2.])]

    Prem Seetharaman, Gordon Wichern, Bryan Pardo and Jonathan Le Roux, AutoClip: adaptive gradient clipping
    for source separation networks (2020).
    """
    _check_quantile(quantile)
    if not norms:
        raise ValueError("norms must hold one norm at least, got none")
    threshold = float(np.quantile(np.asarray(norms, dtype=np.float64), quantile))
    return list(parts) if threshold == 0 else clip_by_global_norm(parts, threshold, norm=norm)


class ClipByQuantile(ClippingRule):
    """Rule of ``clip_by_quantile`` over a window of steps; its fraction is 1 or 0.

    The norm of the present gradient counts, as in AutoClip, so that the first is never clipped. One that is
    not finite is not remembered.

    Args:
        quantile: q, 0 < q ≤ 1.
        window: N ≥ 1, how many norms count; AutoClip keeps all.

    Raises:
        ValueError: q or N is out of range.

    >>> import torch
    >>> rule = ClipByQuantile(0.5)
    >>> [rule([torch.tensor([length])], [torch.zeros(1)]).norm_after for length in (1.0, 4.0, 2.0)]
    [1.0, 2.5, 2.0]
    """

    keeps_direction: ClassVar[bool] = True

    def __init__(self, quantile: float, window: int = 1000) -> None:
        _check_quantile(quantile)
        if window < 1:
            raise ValueError(f"window must be at least 1, got {window}")
        self.quantile, self.window = quantile, window
        self._norms: deque[float] = deque(maxlen=window)

    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """See ``clip_by_quantile``; the norm is remembered."""
        self._norms.append(norm)
        return clip_by_quantile(parts, list(self._norms), self.quantile, norm=norm)

    def state_dict(self) -> dict[str, Any]:
        """The norms remembered, oldest first."""
        return {"norms": list(self._norms)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from these norms.

        Raises:
            ValueError: the state is not that of this rule, or holds more norms than the window.
        """
        if set(state) != {"norms"}:
            raise ValueError(f"state of ClipByQuantile must have the key 'norms', got keys {sorted(state)}")
        if len(state["norms"]) > self.window:
            raise ValueError(f"norms must be {self.window} at most, the window, got {len(state['norms'])}")
        self._norms = deque((float(norm) for norm in state["norms"]), maxlen=self.window)

    def __repr__(self) -> str:
        return f"ClipByQuantile(quantile={self.quantile}, window={self.window})"


def _check_quantile(quantile: float) -> None:
    if not 0 < quantile <= 1:
        raise ValueError(f"quantile must be within (0, 1], got {quantile}")
