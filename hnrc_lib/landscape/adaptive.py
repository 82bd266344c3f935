"""A plane from few evaluations where the loss is smooth, and from all of them where it is not."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.landscape.chebyshev import chebyshev_nodes, interpolation_matrix
from hnrc_lib.landscape.directions import check_direction
from hnrc_lib.landscape.displacement import Extent, stretched
from hnrc_lib.landscape.evaluation import Measure, Progress, evaluate
from hnrc_lib.landscape.plane import Plane, PlaneExtent, extents, plane_coordinates

_INTERVALS = (6, 12, 24)  # between nodes; doubling keeps every node
_STRATA = 6  # per axis; one held-out point in each of their 36 cells
# The largest error on the grid is below three times that at the held-out points in 92 of 100 draws on slices
# of tanh, ReLU and recurrent networks; of 1785 draws that accept, 3 miss the tolerance.
_MARGIN = 3.0


@dataclass(frozen=True, eq=False)
class AdaptivePlane(Plane):
    """A loss at the points of a grid, interpolated or evaluated there, and how it was found.

    Attributes:
        num_evaluations: how often the loss was evaluated in all, held-out points included.
        nodes_per_axis: of the last interpolant tried; 0 if none was.
        held_out_errors: |interpolant − loss| at the held-out points, as a share of the range of the loss,
            shape (h,) or (h, k), for that interpolant.
        estimated_error: what was compared with the tolerance; infinite where the loss was not finite.
        fell_back: whether the values are those of the full grid, each evaluated.
    """

    num_evaluations: int
    nodes_per_axis: int
    held_out_errors: Float[Tensor, "h *measures"]
    estimated_error: float
    fell_back: bool


def adaptive_plane(
    loss: Measure,
    params: Mapping[str, Tensor],
    u: Mapping[str, Tensor],
    v: Mapping[str, Tensor],
    *,
    extent: PlaneExtent = 1.0,
    num_points: int | tuple[int, int] = 51,
    tolerance: float = 0.005,
    points_at_once: int = 1,
    generator: torch.Generator | None = None,
    progress: Progress | None = None,
) -> AdaptivePlane:
    """Loss over a plane, interpolated from Chebyshev nodes as far as a hold-out check allows.

        L(θ + αu + βv) ≈ Σₖₗ ℓₖ(α) ℓₗ(β) L(θ + αₖu + βₗv)

    The loss is evaluated at 7 × 7 nodes, then at 13 × 13 and 25 × 25 that contain them, and at 36 points of
    the grid drawn one from each cell of a 6 × 6 partition. The interpolant is accepted when **three times
    the largest error at those points** is at most ``tolerance`` times the range of the values seen. That is
    an estimate and no bound: roughness narrower than a cell can hide between the points. The full grid is
    evaluated when a value is not finite, when the errors shrink too slowly for the next nodes to suffice,
    or when nodes and held-out points would be as many as the grid has. With several measures each must
    pass; a step function such as an error rate does not, so ask for the loss alone.

    Args:
        loss: L(params), a scalar or a vector of measures, as for ``plane``.
        params: θ, name to tensor.
        u: first direction, names, shapes and dtype of ``params``.
        v: second direction, likewise.
        extent: α and β from −extent to extent, from low to high, or each its own (low, high).
        num_points: points of the grid along each axis, or one number for each.
        tolerance: largest error allowed, as a share of the range, ≥ 0.
        points_at_once: how many points one call of the loss takes, through ``torch.func.vmap`` if several.
        generator: draws the held-out points; torch's default generator when None.
        progress: called as ``progress(done, total)``; the total grows when nodes are added.

    Returns:
        An ``AdaptivePlane``, a ``Plane`` that says how it was found.

    Raises:
        ValueError, TypeError: an argument does not match or is out of range; names it.

    >>> params = {"x": torch.zeros(2)}
    >>> u, v = {"x": torch.tensor([1.0, 0.0])}, {"x": torch.tensor([0.0, 2.0])}
    >>> drawn = adaptive_plane(lambda p: p["x"].double().cos().prod(), params, u, v)
    >>> drawn.values.shape, drawn.num_evaluations, drawn.fell_back
    (torch.Size([51, 51]), 85, False)

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, for the nodes.
    """
    check_direction("u", u, params)
    check_direction("v", v, params)
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be at least 0, got {tolerance}")
    alpha, beta = plane_coordinates(extent, num_points)
    sampled = _Sampled(loss, params, (u, v), points_at_once, progress)
    search = _Search(sampled, (alpha, beta), extents(extent), generator)
    fell_back = not search.run(tolerance)
    values = search.full_grid() if fell_back else search.interpolated()
    return AdaptivePlane(
        alpha,
        beta,
        values,
        sampled.done,
        search.nodes_per_axis,
        search.errors,
        search.estimate,
        fell_back,
    )


class _Sampled:
    """The loss at points of the plane; counts them."""

    def __init__(
        self,
        loss: Measure,
        params: Mapping[str, Tensor],
        directions: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
        points_at_once: int,
        progress: Progress | None,
    ) -> None:
        self.loss, self.params, self.directions = loss, params, directions
        self.points_at_once, self.progress, self.done = points_at_once, progress, 0

    def __call__(self, points: Float[Tensor, "points 2"]) -> Float[Tensor, "points *measures"]:
        before, report = self.done, self.progress

        def counted(done: int, total: int) -> None:
            if report is not None:
                report(before + done, before + total)

        values = evaluate(
            self.loss,
            self.params,
            self.directions,
            points,
            points_at_once=self.points_at_once,
            progress=counted,
        )
        self.done += len(points)
        return values


class _Search:
    """Finer and finer nodes until the interpolant is right at the held-out points."""

    def __init__(
        self,
        sampled: _Sampled,
        grid: tuple[Tensor, Tensor],
        extent: tuple[Extent, Extent],
        generator: torch.Generator | None,
    ) -> None:
        self.sampled, self.grid, self.extent = sampled, grid, extent
        self.num_points = len(grid[0]) * len(grid[1])
        self.held_out = _held_out_points(len(grid[0]), len(grid[1]), generator)
        self.truth, self.nodes = torch.empty(0, dtype=torch.float64), torch.empty(0, dtype=torch.float64)
        self.errors, self.estimate, self.nodes_per_axis = self.truth, torch.inf, 0

    def run(self, tolerance: float) -> bool:
        """Whether some interpolant is within the tolerance; ``nodes`` are then its own."""
        last_estimate = torch.inf
        for intervals in _INTERVALS:
            if (intervals + 1) ** 2 + len(self.held_out) >= self.num_points:
                return False
            self._refine(intervals)
            self.estimate = self._estimate()
            if self.estimate <= tolerance:
                return True
            # Convergence is geometric at best, and each doubling then squares the last gain.
            if self.estimate == torch.inf or self.estimate**3 > tolerance * last_estimate**2:
                return False
            last_estimate = self.estimate
        return False

    def interpolated(self) -> Float[Tensor, "a b *measures"]:
        """The interpolant on the whole grid."""
        across, along = (
            interpolation_matrix(self.nodes_per_axis - 1, _positions(len(axis))) for axis in self.grid
        )
        return torch.einsum("ak,kl...,bl->ab...", across, self.nodes, along)

    def full_grid(self) -> Float[Tensor, "a b *measures"]:
        """The loss at every point; what is known is not evaluated again."""
        points = torch.cartesian_prod(*self.grid)
        known = torch.zeros(self.num_points, dtype=torch.bool)
        known[self.held_out[: len(self.truth)]] = True
        rest = self.sampled(points[~known])
        values = torch.empty(self.num_points, *rest.shape[1:], dtype=torch.float64)
        values[~known] = rest
        if known.any():
            values[self.held_out] = self.truth
        return values.unflatten(0, (len(self.grid[0]), len(self.grid[1])))

    def _refine(self, intervals: int) -> None:
        steps = (1 + chebyshev_nodes(intervals)) / 2
        points = torch.cartesian_prod(*(stretched(steps, extent) for extent in self.extent))
        shape = (intervals + 1, intervals + 1)
        new = torch.ones(shape, dtype=torch.bool)
        if self.nodes_per_axis:
            new[::2, ::2] = False
            values = self.sampled(points[new.flatten()])
        else:
            at_grid = torch.cartesian_prod(*self.grid)[self.held_out]
            both = self.sampled(torch.cat([at_grid, points]))
            self.truth, values = both.split([len(at_grid), len(points)])
        nodes = torch.empty(*shape, *values.shape[1:], dtype=torch.float64)
        nodes[new] = values
        if self.nodes_per_axis:
            nodes[::2, ::2] = self.nodes
        self.nodes, self.nodes_per_axis = nodes, intervals + 1

    def _estimate(self) -> float:
        """Three times the largest error at the held-out points, as a share of the range seen."""
        seen = torch.cat([self.truth, self.nodes.flatten(0, 1)])
        misses = (self.interpolated().flatten(0, 1)[self.held_out] - self.truth).abs()
        # A constant has no range; its error is rounding.
        rounding = 1e-12 * seen.abs().amax(dim=0)
        span = (seen.amax(dim=0) - seen.amin(dim=0)).maximum(rounding)
        self.errors = misses / span.clamp(min=torch.finfo(torch.float64).tiny)
        return _MARGIN * float(self.errors.max()) if bool(seen.isfinite().all()) else torch.inf


def _held_out_points(rows: int, columns: int, generator: torch.Generator | None) -> Int[Tensor, "h"]:
    """Flat indices of grid points, one drawn from each cell of a partition, none of them a node."""
    device = "cpu" if generator is None else generator.device
    on_node = [interpolation_matrix(_INTERVALS[-1], _positions(n)).amax(dim=1) == 1 for n in (rows, columns)]
    free = ~torch.outer(*on_node)
    chosen = []
    for across in torch.arange(rows).tensor_split(_STRATA):
        for along in torch.arange(columns).tensor_split(_STRATA):
            cell = torch.cartesian_prod(across, along)
            cell = cell[free[cell[:, 0], cell[:, 1]]]
            if len(cell):
                i, j = cell[int(torch.randint(len(cell), (), generator=generator, device=device))].tolist()
                chosen.append(i * columns + j)
    return torch.tensor(chosen, dtype=torch.int64)


def _positions(num_points: int) -> Float[Tensor, "points"]:
    """The axis of a grid on −1 … 1."""
    return 2 * torch.arange(num_points, dtype=torch.float64) / (num_points - 1) - 1
