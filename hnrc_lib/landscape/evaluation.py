"""A loss at many points near the parameters: one by one, or several at once."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.landscape.displacement import Displacement

Measure = Callable[[dict[str, Tensor]], Tensor]
Progress = Callable[[int, int], None]


def evaluate(
    loss: Measure,
    params: Mapping[str, Tensor],
    directions: Sequence[Mapping[str, Tensor]],
    points: Float[Tensor, "points k"],
    *,
    points_at_once: int = 1,
    progress: Progress | None = None,
) -> Float[Tensor, "points *measures"]:
    """values[i] = L(θ + Σₖ points[i, k] dₖ), in float64 on the CPU; NaN and infinity are kept.

    Args:
        loss: gives a scalar, or a vector of several measures such as (loss, error rate); evaluated without
            gradients.
        params: θ, name to tensor; never written to.
        directions: d₁, d₂, …, dicts like ``params``.
        points: coordinates, one row per point.
        points_at_once: 1 calls the loss once per point; more put a new first axis on every parameter and
            call it through ``torch.func.vmap``, which it must allow. Memory grows by as many parameters.
        progress: called as ``progress(done, total)``, after every call of the loss.

    Raises:
        TypeError: the loss returns no tensor.
        ValueError: it returns neither scalar nor vector, or another shape than before; ``points_at_once``
            is no positive integer.

    >>> params = {"x": torch.ones(2)}
    >>> evaluate(lambda p: p["x"].sum(), params, [params], torch.tensor([[0.0], [1.5]]), points_at_once=2)
    tensor([2., 5.], dtype=torch.float64)
    """
    if not isinstance(points_at_once, int) or points_at_once < 1:
        raise ValueError(f"points_at_once must be a positive integer, got {points_at_once!r}")
    place, collected = Displacement(params, directions), _Collected(len(points))
    with torch.no_grad():
        if points_at_once == 1:
            for point in points.tolist():
                collected.add(_checked(loss(place.at(point))).unsqueeze(0))
                if progress is not None:
                    progress(collected.done, len(points))
        else:
            batched = torch.func.vmap(loss)
            for chunk in points.split(points_at_once):
                collected.add(batched(place.stacked(chunk)))
                if progress is not None:
                    progress(collected.done, len(points))
    return collected.values()


class _Collected:
    """Values as they come, copied to where they were made, so that no point waits for a device."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self._values: Tensor | None = None

    def add(self, values: Tensor) -> None:
        if values.ndim > 2:
            raise ValueError(f"loss must return a scalar or a vector, got shape {tuple(values.shape[1:])}")
        if self._values is None:
            # Other devices may know no float64.
            device = values.device if values.device.type == "cuda" else "cpu"
            self._values = torch.empty(self.total, *values.shape[1:], dtype=torch.float64, device=device)
        if values.shape[1:] != self._values.shape[1:]:
            expected, got = tuple(self._values.shape[1:]), tuple(values.shape[1:])
            raise ValueError(f"loss must return shape {expected} everywhere, got shape {got}")
        self._values[self.done : self.done + len(values)] = values
        self.done += len(values)

    def values(self) -> Tensor:
        return torch.empty(0, dtype=torch.float64) if self._values is None else self._values.cpu()


def _checked(value: object) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"loss must return a tensor, got {type(value).__name__}")
    return value
