"""Slices through a loss: directions in parameter space, lines and planes along them."""

from hnrc_lib.landscape.adaptive import AdaptivePlane, adaptive_plane
from hnrc_lib.landscape.between import Between, between
from hnrc_lib.landscape.directions import filter_normalize, gram_matrix, random_direction
from hnrc_lib.landscape.eigenvectors import EigenvectorDirections, eigenvector_directions
from hnrc_lib.landscape.line import Line, line
from hnrc_lib.landscape.module_loss import ModuleLoss
from hnrc_lib.landscape.plane import Plane, plane
from hnrc_lib.landscape.roughness import count_minima, grid_curvatures
from hnrc_lib.landscape.trajectory import TrajectoryPlane, trajectory_directions

__all__ = [
    "AdaptivePlane",
    "Between",
    "EigenvectorDirections",
    "Line",
    "ModuleLoss",
    "Plane",
    "TrajectoryPlane",
    "adaptive_plane",
    "between",
    "count_minima",
    "eigenvector_directions",
    "filter_normalize",
    "gram_matrix",
    "grid_curvatures",
    "line",
    "plane",
    "random_direction",
    "trajectory_directions",
]
