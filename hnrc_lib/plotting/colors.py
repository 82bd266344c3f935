"""Colour maps that suit a light and a dark page: what is near zero lets the page through."""

from matplotlib.colors import LinearSegmentedColormap, to_rgb


def diverging_colormap(
    negative: str = "C0", positive: str = "C1", *, levels: int = 41
) -> LinearSegmentedColormap:
    """From one colour through nothing to another.

    Args:
        negative: colour of the smallest value, by default the first of the caller's cycle.
        positive: colour of the largest value.
        levels: number of shades, odd, so that zero has one of its own.

    Raises:
        ValueError: an even number of levels, which would tint zero.

    >>> [round(float(diverging_colormap()(x)[3]), 1) for x in (0.0, 0.5, 1.0)]
    [1.0, 0.0, 1.0]
    """
    if levels % 2 == 0:
        raise ValueError(f"levels must be odd, got {levels}")
    ends = [to_rgb(negative), to_rgb(positive)]
    anchors = [(*ends[0], 1.0), (*ends[0], 0.0), (*ends[1], 0.0), (*ends[1], 1.0)]
    places = [0.0, 0.5, 0.5, 1.0]
    return LinearSegmentedColormap.from_list("diverging", list(zip(places, anchors, strict=True)), N=levels)


def sequential_colormap(color: str = "C0", *, levels: int = 64) -> LinearSegmentedColormap:
    """From nothing to one colour.

    Args:
        color: colour of the largest value.
        levels: number of shades, ≥ 2.

    >>> [round(float(sequential_colormap()(x)[3]), 1) for x in (0.0, 1.0)]
    [0.0, 1.0]
    """
    end = to_rgb(color)
    return LinearSegmentedColormap.from_list("sequential", [(*end, 0.0), (*end, 1.0)], N=levels)
