"""The landscape viewer's geometry in NumPy: ``geometry.js`` and ``contours.js`` compute the same."""

import math
from collections.abc import Sequence

import numpy as np

from hnrc_lib._shapes import Float, Int

RELIEF = 1.1  # height of the surface, whose half side is 1
Grid = Float[np.ndarray, "rows columns"]
Point = Sequence[float] | Float[np.ndarray, " 2"]


def project(points: Float[np.ndarray, "points 3"], turn: float, tilt: float) -> Float[np.ndarray, "points 3"]:
    """Turn points about the vertical axis, tilt them towards the reader, and look along the horizon.

        X = x cos a − y sin a,  y′ = x sin a + y cos a,  z′ = RELIEF (z − ½)
        Y = y′ sin e + z′ cos e,  depth = y′ cos e − z′ sin e

    Args:
        points: x and y in −1 … 1, z in 0 … 1.
        turn: a, in degrees.
        tilt: e, in degrees; 90 looks from above.

    Returns:
        X to the right, Y upwards, and the depth behind the middle; parallel projection.

    >>> project(np.array([[1.0, 0.0, 0.5]]), 90.0, 90.0).round(12) + 0.0
    array([[0., 1., 0.]])
    """
    a, e = math.radians(turn), math.radians(tilt)
    x, y, z = np.asarray(points, dtype=np.float64).T
    ahead, up = x * math.sin(a) + y * math.cos(a), RELIEF * (z - 0.5)
    return np.stack(
        [
            x * math.cos(a) - y * math.sin(a),
            ahead * math.sin(e) + up * math.cos(e),
            ahead * math.cos(e) - up * math.sin(e),
        ],
        axis=1,
    )


def painters_order(turn: float, columns: int, rows: int) -> Int[np.ndarray, " cells"]:
    """Cells of a height field, each before all that can hide it.

    Args:
        turn: in degrees.
        columns, rows: grid points along x and y.

    Returns:
        Index j·(columns − 1) + i of each cell.

    >>> painters_order(0.0, 3, 3).tolist()
    [2, 3, 0, 1]
    """
    a = math.radians(turn)
    across, along = np.arange(columns - 1), np.arange(rows - 1)
    if math.sin(a) > 0:
        across = across[::-1]
    if math.cos(a) > 0:
        along = along[::-1]
    return (along[:, None] * (columns - 1) + across).ravel()


def height_at(grid: Grid, point: Point) -> float:
    """The height at a point of the plane, bilinear between grid points; beyond the edge, the edge's.

    Args:
        grid: heights, row j at y = −1 + 2j/(rows − 1), column i likewise in x.
        point: x and y.

    >>> height_at(np.array([[0.0, 1.0], [2.0, 3.0]]), (0.0, 0.0))
    1.5
    """
    places = []
    for value, count in zip(point, reversed(grid.shape), strict=True):
        place = min(max((value + 1) / 2 * (count - 1), 0.0), float(count - 1))
        index = min(int(place), count - 2)
        places.append((index, place - index))
    (i, s), (j, t) = places
    low = grid[j, i] * (1 - s) + grid[j, i + 1] * s
    high = grid[j + 1, i] * (1 - s) + grid[j + 1, i + 1] * s
    return float(low * (1 - t) + high * t)


def nice_levels(low: float, high: float) -> list[float]:
    """The losses 1, 2 and 5 times a power of ten that lie strictly between two powers 10^low and 10^high.

    >>> nice_levels(-1.0, 0.5)
    [0.2, 0.5, 1.0, 2.0]
    """
    found = []
    for power in range(math.floor(low), math.ceil(high) + 1):
        for factor in (1, 2, 5):
            level = float(f"{factor}e{power}")
            if low < math.log10(level) < high:
                found.append(level)
    return found


def contour(grid: Grid, level: float) -> Float[np.ndarray, "segments 5"]:
    """Where the surface has a height: marching squares with linear interpolation along edges.

    Where a cell's corners alternate, the mean of the four decides which two hang together.

    Args:
        grid: heights.
        level: the height.

    Returns:
        One row a segment: the cell's index, then x, y of both ends.

    Source: Lorensen and Cline (1987), in two dimensions.
    """
    rows, columns = grid.shape
    found: list[list[float]] = []
    above = grid > level
    count = above[:-1, :-1].astype(int) + above[:-1, 1:] + above[1:, 1:] + above[1:, :-1]
    for j, i in np.argwhere((count > 0) & (count < 4)).tolist():
        corners = ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
        values = [float(grid[b, a]) for a, b in corners]
        ends = _crossings(corners, values, level, (columns, rows))
        joined = (values[0] + values[1] + values[2] + values[3]) / 4 > level
        pairs = [(0, 1), (2, 3)] if (values[0] > level) == joined else [(3, 0), (1, 2)]
        for first, second in pairs if len(ends) == 4 else [(0, 1)]:
            found.append([j * (columns - 1) + i, *ends[first], *ends[second]])
    return np.array(found).reshape(-1, 5)


def _crossings(
    corners: tuple[tuple[int, int], ...], values: list[float], level: float, counts: tuple[int, int]
) -> list[list[float]]:
    """Where the level crosses a cell's edges, in their order around it."""
    ends = []
    for k in range(4):
        here, there = values[k], values[(k + 1) % 4]
        if (here > level) == (there > level):
            continue
        share = (level - here) / (there - here)
        place = [a + share * (b - a) for a, b in zip(corners[k], corners[(k + 1) % 4], strict=True)]
        ends.append([-1 + 2 * x / (count - 1) for x, count in zip(place, counts, strict=True)])
    return ends
