"""Widgets that need no kernel: each computes and draws in the page, and follows Python where there is one.

The classes load when they are first named, so that importing this package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hnrc_lib.widgets.clipping_cliff.widget import ClippingCliff
    from hnrc_lib.widgets.damping_explorer.widget import DampingExplorer
    from hnrc_lib.widgets.features.widget import FeaturesExplorer
    from hnrc_lib.widgets.gradient_time.widget import GradientThroughTime
    from hnrc_lib.widgets.inverse_picture.widget import InversePicture
    from hnrc_lib.widgets.landscape.widget import LandscapeViewer
    from hnrc_lib.widgets.say_digit.widget import SayADigit
    from hnrc_lib.widgets.spectrum.widget import SpectrumViewer
    from hnrc_lib.widgets.sweep.widget import SweepExplorer
    from hnrc_lib.widgets.taylor_model.widget import TaylorModelExplorer
    from hnrc_lib.widgets.trellis.widget import TrellisExplorer
    from hnrc_lib.widgets.weight_decay.widget import WeightDecayExplorer

__all__ = [
    "ClippingCliff",
    "DampingExplorer",
    "FeaturesExplorer",
    "GradientThroughTime",
    "InversePicture",
    "LandscapeViewer",
    "SayADigit",
    "SpectrumViewer",
    "SweepExplorer",
    "TaylorModelExplorer",
    "TrellisExplorer",
    "WeightDecayExplorer",
]

_HOMES = {
    "ClippingCliff": "hnrc_lib.widgets.clipping_cliff.widget",
    "DampingExplorer": "hnrc_lib.widgets.damping_explorer.widget",
    "FeaturesExplorer": "hnrc_lib.widgets.features.widget",
    "GradientThroughTime": "hnrc_lib.widgets.gradient_time.widget",
    "InversePicture": "hnrc_lib.widgets.inverse_picture.widget",
    "LandscapeViewer": "hnrc_lib.widgets.landscape.widget",
    "SayADigit": "hnrc_lib.widgets.say_digit.widget",
    "SpectrumViewer": "hnrc_lib.widgets.spectrum.widget",
    "SweepExplorer": "hnrc_lib.widgets.sweep.widget",
    "TaylorModelExplorer": "hnrc_lib.widgets.taylor_model.widget",
    "TrellisExplorer": "hnrc_lib.widgets.trellis.widget",
    "WeightDecayExplorer": "hnrc_lib.widgets.weight_decay.widget",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
