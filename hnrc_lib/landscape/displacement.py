"""Displaced copies of the parameters; the parameters themselves are never written to."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float

Extent = float | tuple[float, float]

_ALIGNMENT = 64  # bytes; a kernel may take a slower road at an odd address


def coordinates(extent: Extent, num_points: int) -> Float[Tensor, "points"]:
    """Equally spaced coordinates αᵢ = low·(1 − tᵢ) + high·tᵢ with tᵢ = i/(num_points − 1), in float64.

    A symmetric extent with an odd number of points has α = 0 exactly in its middle.

    Args:
        extent: (low, high), or one number for (−extent, extent).
        num_points: ≥ 2.

    Raises:
        ValueError: fewer than two points, or an extent that is not finite or not increasing.

    >>> coordinates(1.0, 3)
    tensor([-1.,  0.,  1.], dtype=torch.float64)
    """
    if not isinstance(num_points, int) or num_points < 2:
        raise ValueError(f"num_points must be an integer of at least 2, got {num_points!r}")
    steps = torch.arange(num_points, dtype=torch.float64) / (num_points - 1)
    return stretched(steps, extent)


def stretched(steps: Float[Tensor, "points"], extent: Extent) -> Float[Tensor, "points"]:
    """low·(1 − t) + high·t for each t from 0 to 1.

    Raises:
        ValueError: the extent is not finite or not increasing.
    """
    low, high = extent if isinstance(extent, tuple) else (-extent, extent)
    ends = torch.tensor([low, high], dtype=torch.float64)
    if not ends.isfinite().all() or low >= high:
        raise ValueError(f"extent must be positive, or (low, high) with low < high, got {extent!r}")
    return ends[0] * (1 - steps) + ends[1] * steps


class Displacement:
    """θ + Σ αₖdₖ, again and again in the same private memory.

    One point after another costs one pass over the parameters while only the last coordinate changes.

    Args:
        params: θ, name to tensor; never written to.
        directions: d₁, d₂, …, at least one, dicts like ``params``.

    >>> place = Displacement({"x": torch.ones(2)}, [{"x": torch.tensor([1.0, 0.0])}])
    >>> place.at([2.0])
    {'x': tensor([3., 1.])}
    """

    def __init__(self, params: Mapping[str, Tensor], directions: Sequence[Mapping[str, Tensor]]) -> None:
        self._params = {name: value.detach() for name, value in params.items()}
        self._directions = [{name: d[name].detach() for name in params} for d in directions]
        self._start, self._last, self._buffer = (_Flat(self._params) for _ in range(3))
        self._last.fill(self._directions[-1])
        self._given = self._buffer.views()
        self._earlier: list[float] | None = None

    def at(self, point: Sequence[float]) -> dict[str, Tensor]:
        """The displaced parameters.

        Args:
            point: one coordinate per direction.

        Returns:
            A new dict of tensors that hold their values until the next call, whatever was done to those
            of the call before.
        """
        earlier = list(point[:-1])
        if earlier != self._earlier:
            self._start.fill(self._params)
            for coefficient, direction in zip(earlier, self._directions, strict=False):
                for name, view in self._start.parts.items():
                    view.add_(direction[name], alpha=coefficient)
            self._earlier = earlier
        torch.add(self._start.numbers, self._last.numbers, alpha=point[-1], out=self._buffer.numbers)
        if not all(map(Tensor.is_set_to, self._given.values(), self._buffer.parts.values())):
            self._given = self._buffer.views()  # they were resized, or made to look elsewhere
        return dict(self._given)

    def stacked(self, points: Float[Tensor, "points k"]) -> dict[str, Tensor]:
        """The displaced parameters of several points, one along the first axis of every tensor.

        Args:
            points: coordinates, one row per point.
        """
        stacks = {}
        for name, value in self._params.items():
            columns = points.to(value).reshape(*points.shape, *(1 for _ in value.shape)).unbind(1)
            stack = torch.addcmul(value, columns[0], self._directions[0][name])
            for column, direction in zip(columns[1:], self._directions[1:], strict=True):
                stack.addcmul_(column, direction[name])
            stacks[name] = stack
        return stacks


class _Flat:
    """Memory for one set of parameters in a single piece, each of them laid out as it was."""

    def __init__(self, params: Mapping[str, Tensor]) -> None:
        first = next(iter(params.values()))
        block = _ALIGNMENT // first.element_size()
        self._places, size = {}, 0
        for name, value in params.items():
            strides = torch.empty_like(value, device="meta").stride()  # dense, in the same order
            self._places[name] = (value.shape, strides, size)
            size += -(-value.numel() // block) * block
        self.numbers = torch.zeros(size, dtype=first.dtype, device=first.device)
        self.parts = self.views()

    def views(self) -> dict[str, Tensor]:
        return {name: self.numbers.as_strided(*place) for name, place in self._places.items()}

    def fill(self, values: Mapping[str, Tensor]) -> None:
        for name, view in self.parts.items():
            view.copy_(values[name])
