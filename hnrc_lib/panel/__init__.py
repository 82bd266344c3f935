"""A live panel that trains: needs a kernel; a static page shows what was recorded instead."""

from hnrc_lib.panel.history import RecordedCurve, Result, nearest_recorded
from hnrc_lib.panel.panel import TrainingPanel
from hnrc_lib.panel.settings import PanelSettings
from hnrc_lib.panel.training import Outcome, TrainingRun

__all__ = [
    "Outcome",
    "PanelSettings",
    "RecordedCurve",
    "Result",
    "TrainingPanel",
    "TrainingRun",
    "nearest_recorded",
]
