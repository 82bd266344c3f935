"""Figures from arrays, drawn on axes that the caller owns, in the caller's colours."""

from hnrc_lib.plotting.basins import draw_basins
from hnrc_lib.plotting.damping_curves import draw_damping_curve, draw_reductions, draw_step_limits
from hnrc_lib.plotting.error_grids import draw_error_grid
from hnrc_lib.plotting.errors import draw_effects, draw_errors
from hnrc_lib.plotting.landscapes import draw_landscape, draw_landscape_surface
from hnrc_lib.plotting.matrices import draw_confusion_matrix, draw_hessian
from hnrc_lib.plotting.races import draw_races
from hnrc_lib.plotting.rank_errors import draw_rank_errors
from hnrc_lib.plotting.sequences import (
    draw_frames,
    draw_state_path,
    draw_symbol_posteriors,
    draw_waveform,
)
from hnrc_lib.plotting.smoothness import draw_smoothness
from hnrc_lib.plotting.spectra import draw_spectrum
from hnrc_lib.plotting.stability import draw_descents
from hnrc_lib.plotting.taylor_models import (
    draw_model_along,
    draw_model_errors,
    draw_radius_and_damping,
)
from hnrc_lib.plotting.training_curves import draw_training_curves

__all__ = [
    "draw_basins",
    "draw_confusion_matrix",
    "draw_damping_curve",
    "draw_descents",
    "draw_effects",
    "draw_error_grid",
    "draw_errors",
    "draw_frames",
    "draw_hessian",
    "draw_landscape",
    "draw_landscape_surface",
    "draw_model_along",
    "draw_model_errors",
    "draw_races",
    "draw_radius_and_damping",
    "draw_rank_errors",
    "draw_reductions",
    "draw_smoothness",
    "draw_spectrum",
    "draw_state_path",
    "draw_step_limits",
    "draw_symbol_posteriors",
    "draw_training_curves",
    "draw_waveform",
]
