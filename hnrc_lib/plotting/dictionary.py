"""What one setting of the damping is called elsewhere: curves over one axis of λ."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float
from hnrc_lib.plotting.damping_curves import draw_reductions


def draw_dictionary(
    axes: Sequence[Axes],
    damping: Float[np.ndarray, " n"],
    words: Mapping[str, Float[np.ndarray, " n"]],
    reductions: tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]],
    *,
    least: float,
) -> None:
    """Each word for the strength of a damping against λ, and in the last axes what a step is worth.

    Args:
        axes: one for each word and one more.
        damping: λ > 0, ascending.
        words: axis label to values ≥ 0, NaN where the word says nothing.
        reductions: of the loss, as the quadratic model promised and as it came.
        least: −h_min; a dotted line where it is positive, and no line elsewhere.

    Raises:
        ValueError: there is not one set of axes for each word and one more, or λ does not ascend.

    >>> from matplotlib.figure import Figure
    >>> axes, once = list(Figure().subplots(1, 2)), np.ones(2)
    >>> draw_dictionary(axes, np.array([0.1, 1.0]), {"length": once}, (once, once), least=0.0)
    >>> axes[0].get_ylabel()
    'length'
    """
    if len(axes) != len(words) + 1:
        raise ValueError(f"axes must be {len(words) + 1}, one for each word and one more, got {len(axes)}")
    draw_reductions(axes[-1], damping, *reductions, positive_definite=damping > least)
    for ax, (name, values) in zip(axes, words.items(), strict=False):
        ax.plot(damping, values)
        ax.set(xscale="log", yscale="log", xlim=(damping[0], damping[-1]), xlabel="damping λ", ylabel=name)
    if least > 0:
        for ax in axes[:-1]:
            ax.axvline(least, color=mpl.rcParams["text.color"], linewidth=0.8, linestyle=":")
