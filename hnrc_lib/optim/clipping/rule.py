"""What all clipping rules share: one call that clips in place and reports."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from hnrc_lib.optim.clipping.norms import global_norm
from hnrc_lib.optim.clipping.report import ClipReport, angle_between


class ClippingRule(ABC):
    """A rule that shortens a gradient or a step; ``rule(parts, parameters)`` does it in place.

    Where an entry of ``parts`` is not finite, no rule changes anything: a clamp would turn inf into a number
    that looks sound, and a norm would turn one NaN into all NaN. The guard of the loop or of the optimiser
    sees what came; the report's norms say so too.

    Attributes:
        keeps_direction: whether the rule rescales the whole, so that no angle need be measured.
    """

    keeps_direction: ClassVar[bool] = False

    @torch.no_grad()
    def __call__(self, parts: Sequence[Tensor], parameters: Sequence[Tensor]) -> ClipReport:
        """Clip in place.

        Args:
            parts: gradient or step, one dense real tensor per parameter.
            parameters: the parameters, of the same shapes.

        Returns:
            What was done.

        Raises:
            ValueError: parts and parameters differ in number or in shape.
            TypeError: a part is sparse, sharded, complex or not floating.
        """
        _check(parts, parameters)
        norm = global_norm(parts)
        if not math.isfinite(norm):
            return ClipReport(norm, norm, math.nan, 0.0, False)
        clipped = self.clip(parts, parameters, norm)
        if all(new is old for new, old in zip(clipped, parts, strict=True)):
            return ClipReport(norm, norm, 0.0, 0.0, False)
        norm_after = global_norm(clipped)
        fraction = self.fraction(parts, clipped, norm, norm_after)
        angle = 0.0 if self.keeps_direction else angle_between(parts, clipped, (norm, norm_after))
        report = ClipReport(norm, norm_after, angle, fraction, fraction > 0)
        for old, new in zip(parts, clipped, strict=True):
            old.copy_(new)
        return report

    @abstractmethod
    def clip(self, parts: Sequence[Tensor], parameters: Sequence[Tensor], norm: float) -> list[Tensor]:
        """The clipped tensors; those that the rule leaves alone are the same objects.

        Args:
            parts: finite gradient or step.
            parameters: the parameters.
            norm: ‖parts‖.
        """

    def fraction(
        self, before: Sequence[Tensor], after: Sequence[Tensor], norm_before: float, norm_after: float
    ) -> float:
        """Which part of what the rule looks at was clipped; here of the tensors."""
        changed = sum(new is not old for new, old in zip(after, before, strict=True))
        return changed / len(before)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold, as JSON can, to go on to the bit; without memory nothing."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state_dict`` gave.

        Raises:
            ValueError: the state is that of another rule.
        """
        if state:
            raise ValueError(f"state of {type(self).__name__} must be empty, got keys {sorted(state)}")


def rescaled(parts: Sequence[Tensor], factor: float) -> list[Tensor]:
    """All tensors times one number: the same direction."""
    return [part * factor for part in parts]


def known_norm(parts: Sequence[Tensor], norm: float | None) -> float:
    """The norm, computed unless it is known."""
    return global_norm(parts) if norm is None else norm


def check_positive(name: str, value: float) -> None:
    """Refuse what is no positive finite number.

    Raises:
        ValueError: it is not.
    """
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value}")


def _check(parts: Sequence[Tensor], parameters: Sequence[Tensor]) -> None:
    shapes = [tuple(part.shape) for part in parts], [tuple(parameter.shape) for parameter in parameters]
    if shapes[0] != shapes[1]:
        raise ValueError(f"parts must match parameters: expected shapes {shapes[1]}, got {shapes[0]}")
    for part in parts:
        if part.layout != torch.strided:
            raise TypeError(
                f"parts must be dense, got a tensor of layout {part.layout} and shape {tuple(part.shape)}: "
                "an embedding with sparse=True gives such gradients"
            )
        if hasattr(part, "device_mesh"):
            raise TypeError(f"parts must be whole, got a {type(part).__name__}, the share of one process")
        if not part.is_floating_point():
            raise TypeError(f"parts must be real and floating, got {part.dtype}")
