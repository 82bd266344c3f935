"""Slices through a loss: directions in parameter space, lines and planes along them."""

from hnrc_lib.landscape.directions import filter_normalize, gram_matrix, random_direction
from hnrc_lib.landscape.line import Line, line
from hnrc_lib.landscape.plane import Plane, plane

__all__ = ["Line", "Plane", "filter_normalize", "gram_matrix", "line", "plane", "random_direction"]
