"""Matrices as pictures: the Hessian by parameter blocks, and confusions of a classifier."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm, to_rgb
from matplotlib.image import AxesImage

from hnrc_lib._shapes import Float, Int
from hnrc_lib.plotting.colors import diverging_colormap, sequential_colormap


def draw_hessian(
    ax: Axes,
    matrix: Float[np.ndarray, "n n"],
    blocks: Mapping[str, int],
    *,
    decades: float = 2.0,
    max_cells: int = 320,
    colorbar: bool = True,
) -> AxesImage:
    """A Hessian as an image, negative and positive curvature in two colours, zero left empty.

    The scale is symmetric about 0 and logarithmic over ``decades``, linear below. A matrix with more than
    ``max_cells`` rows is shown by the entry of largest magnitude in each square of neighbours, so that
    no large entry is lost between pixels.

    Args:
        ax: where to draw.
        matrix: H, symmetric (n, n).
        blocks: number of entries per parameter, in order, n in all; their borders are drawn and named.
        decades: range of the logarithmic scale, > 0.
        max_cells: most rows of the image, ≥ 1.
        colorbar: whether to add one.

    Returns:
        The image; its array holds what is shown, its norm the scale.

    Raises:
        ValueError: the blocks do not add up to n, the matrix is not finite, or it is all zero.
    """
    size = len(matrix)
    if sum(blocks.values()) != size:
        raise ValueError(f"blocks must add up to {size} entries, got {dict(blocks)}")
    if not np.isfinite(matrix).all():
        raise ValueError("matrix must be finite, got NaN or infinity")
    largest = float(np.abs(matrix).max())
    if largest == 0:
        raise ValueError("matrix must have an entry that is not zero")
    norm = SymLogNorm(linthresh=largest * 10**-decades, vmin=-largest, vmax=largest)
    cells = _largest_of_neighbours(matrix.astype(np.float64), -(-size // max_cells))
    image = ax.imshow(
        cells, cmap=diverging_colormap(), norm=norm, extent=(0, size, size, 0), interpolation="nearest"
    )
    _draw_blocks(ax, blocks)
    if colorbar:
        exponents = np.floor(np.log10(largest)) - np.arange(0, int(decades), 1)
        positive = [10.0**e for e in exponents]
        bar = ax.figure.colorbar(
            image, cax=ax.inset_axes((1.03, 0, 0.05, 1)), ticks=[-t for t in positive] + [0.0, *positive]
        )
        bar.minorticks_off()
        bar.set_label("∂²L/∂θᵢ∂θⱼ")
    return image


def _largest_of_neighbours(matrix: np.ndarray, width: int) -> np.ndarray:
    """Signed entry of largest magnitude in each square of ``width`` rows and columns."""
    if width == 1:
        return matrix
    short = -len(matrix) % width
    padded = np.pad(matrix, (0, short))
    count = len(padded) // width
    squares = padded.reshape(count, width, count, width).swapaxes(1, 2).reshape(count, count, width * width)
    chosen = np.abs(squares).argmax(axis=2)
    return np.take_along_axis(squares, chosen[:, :, None], axis=2)[:, :, 0]


def _draw_blocks(ax: Axes, blocks: Mapping[str, int]) -> None:
    size, ink = sum(blocks.values()), mpl.rcParams["axes.edgecolor"]
    edges = np.cumsum([0, *blocks.values()])
    for edge in edges[1:-1]:
        ax.axhline(edge, color=ink, linewidth=0.6, alpha=0.6)
        ax.axvline(edge, color=ink, linewidth=0.6, alpha=0.6)
    centres = (edges[:-1] + edges[1:]) / 2
    # Names of blocks too thin for two lines of text would be printed over each other.
    thick = {name: c for name, c in zip(blocks, centres, strict=True) if blocks[name] >= size / 10}
    ax.set_yticks(list(thick.values()), [f"{name}\n{blocks[name]} entries" for name in thick])
    ax.set_xticks([])
    ax.set_xlabel(f"{size} parameters")
    ax.tick_params(length=0)


def draw_confusion_matrix(ax: Axes, counts: Int[np.ndarray, "k k"], labels: Sequence[str]) -> AxesImage:
    """What was said against what was recognised, shaded by the share of each row.

    Args:
        ax: where to draw.
        counts: utterances of class i (row) recognised as class j (column), ≥ 0.
        labels: name of each class, k of them.

    Returns:
        The image; its array holds the shares, NaN for a class that was never said.

    Raises:
        ValueError: another number of labels, or a negative count.
    """
    if len(labels) != len(counts):
        raise ValueError(f"labels must name {len(counts)} classes, got {len(labels)}")
    if (counts < 0).any():
        raise ValueError(f"counts must be at least 0, got {counts.min()}")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    image = ax.imshow(shares, cmap=sequential_colormap(), vmin=0, vmax=1)
    places = range(len(labels))
    ax.set_xticks(places, labels)
    ax.set_yticks(places, labels)
    ax.set_xlabel("recognised")
    ax.set_ylabel("said")
    for i, j in zip(*np.nonzero(counts), strict=True):
        ax.text(
            j,
            i,
            str(counts[i, j]),
            ha="center",
            va="center",
            color=ink_on(float(shares[i, j])),
            fontsize="small",
        )
    return image


def ink_on(share: float) -> str:
    """The page's ink on a pale cell; on a full one black or white, whichever differs more in luminance."""
    if share < 0.5:
        return str(mpl.rcParams["text.color"])
    red, green, blue = to_rgb("C0")  # weights of luminance after ITU-R BT.709
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.4 else "white"
