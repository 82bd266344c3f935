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
    place, total = Displacement(params, directions), len(points)
    found: list[Tensor | float] = []
    shape: torch.Size | None = None
    with torch.no_grad():
        if points_at_once > 1:
            return _batched(loss, place, points.split(points_at_once), progress)
        for point in points.tolist():
            value = loss(place.at(point))
            shape = _checked(value, shape)
            # A copy, for the loss may return its argument; of a number on the CPU, the cheapest one.
            found.append(value.clone() if value.ndim or value.device.type != "cpu" else value.item())
            if progress is not None:
                progress(len(found), total)
    kept = [
        value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64) for value in found
    ]
    return torch.stack(kept).cpu().to(torch.float64)


def _batched(
    loss: Measure, place: Displacement, chunks: Sequence[Tensor], progress: Progress | None
) -> Tensor:
    batched, found = torch.func.vmap(loss), []
    done, total = 0, sum(map(len, chunks))
    for chunk in chunks:
        values = batched(place.stacked(chunk))
        _checked(values[0], found[0].shape[1:] if found else None)
        found.append(values)
        done += len(chunk)
        if progress is not None:
            progress(done, total)
    return torch.cat(found).cpu().to(torch.float64)


def _checked(value: object, shape: torch.Size | None) -> torch.Size:
    """The shape of a value; refuses what is no scalar or vector, or of another shape than before."""
    if not isinstance(value, Tensor):
        raise TypeError(f"loss must return a tensor, got {type(value).__name__}")
    if value.ndim > 1:
        raise ValueError(f"loss must return a scalar or a vector, got shape {tuple(value.shape)}")
    if shape is not None and value.shape != shape:
        raise ValueError(f"loss must return shape {tuple(shape)} everywhere, got shape {tuple(value.shape)}")
    return value.shape
