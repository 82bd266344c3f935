"""Linear maps of tensors, recorded once and replayed as a list of kernel calls."""

from hnrc_lib.curvature.replay.linear_map import ReplayedMap, replayed
from hnrc_lib.curvature.replay.record import NotReplayable

__all__ = ["NotReplayable", "ReplayedMap", "replayed"]
