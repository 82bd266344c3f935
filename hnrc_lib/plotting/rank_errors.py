"""How the error of a low-rank inverse, or of its step, falls with the number of directions that are kept."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float, Int


def draw_rank_errors(
    ax: Axes,
    ranks: Int[np.ndarray, " k"],
    corrected: Mapping[str, Float[np.ndarray, " k"]],
    truncated: Mapping[str, Float[np.ndarray, " k"]] | None = None,
    *,
    without: float | None = None,
) -> None:
    """Relative errors against rank, both axes logarithmic, one colour for each choice of directions.

    Args:
        ax: where to draw.
        ranks: k ≥ 1, ascending.
        corrected: name of the directions to the error where 1/λ is kept outside them, solid.
        truncated: the same names to the error where nothing is kept outside, dashed.
        without: error of the inverse λ⁻¹I, which keeps no direction; a dotted line.

    Raises:
        ValueError: ranks do not ascend, or names of ``truncated`` are not among those of ``corrected``.
    """
    if ranks[0] < 1 or not (np.diff(ranks) > 0).all():
        raise ValueError(f"ranks must be at least 1 and ascend, got {ranks}")
    unknown = set(truncated or {}) - set(corrected)
    if unknown:
        raise ValueError(f"truncated must have names of corrected, got {', '.join(sorted(unknown))}")
    for place, (name, errors) in enumerate(corrected.items()):
        ax.plot(ranks, errors, color=f"C{place}", marker="o", markersize=3, label=name)
        if truncated and name in truncated:
            ax.plot(ranks, truncated[name], "--", color=f"C{place}", linewidth=1)
    if without is not None:
        ax.axhline(without, color=mpl.rcParams["text.color"], linestyle=":", linewidth=1, label="none kept")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(ranks, [str(rank) for rank in ranks])
    ax.set_xlabel("directions kept, k")
