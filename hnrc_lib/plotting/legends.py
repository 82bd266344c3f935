"""Where a legend covers nothing."""

from matplotlib.axes import Axes
from matplotlib.legend import Legend


def legend_above(ax: Axes, *, columns: int = 1) -> Legend:
    """A legend over the upper edge of the axes, outside them, so that it hides no data.

    Args:
        ax: axes whose labelled artists it lists.
        columns: number of columns.
    """
    return ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2)
