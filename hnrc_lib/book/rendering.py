"""A drawing as a vector or pixel picture for one of the two themes, the same bytes for the same drawing."""

import base64
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection, QuadMesh, TriMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from hnrc_lib.book.styles import PageTheme, rc_params

SVG_BUDGET = 40_000  # bytes after gzip; above it a drawing may be smaller as pixels
WEBP_QUALITY = 90
MANY_SHAPES = 2_000  # an artist with more is drawn as pixels inside the vector drawing
PAGE_PIXELS_PER_INCH = 112  # 7 inches fill the page's column
PIXELS_PER_INCH = 2 * PAGE_PIXELS_PER_INCH  # sharp on screens with two pixels for one

Draw = Callable[[Figure], object]


@dataclass(frozen=True)
class Picture:
    """One rendering of a figure: its MIME type, ``image/svg+xml`` or the like, and its bytes."""

    mime_type: str
    content: bytes

    @property
    def base64(self) -> str:
        """The bytes as ASCII."""
        return base64.b64encode(self.content).decode("ascii")

    @property
    def data_uri(self) -> str:
        """The picture as an address that needs no file."""
        return f"data:{self.mime_type};base64,{self.base64}"


def render(draw: Draw, size: tuple[float, float], theme: PageTheme) -> Picture:
    """Render for one theme: vector, with crowded parts as pixels, while that is light; else all pixels.

    Args:
        draw: gets an empty figure and draws on it.
        size: width and height in inches.
        theme: whose colours to use; its page shows through.

    Raises:
        ValueError: ``draw`` drew nothing.
    """
    vector = render_svg(draw, size, theme)
    weight = len(gzip.compress(vector.content, mtime=0))
    if weight <= SVG_BUDGET:
        return vector
    pixels = render_webp(draw, size, theme)
    return pixels if len(pixels.content) < weight else vector


def render_svg(draw: Draw, size: tuple[float, float], theme: PageTheme) -> Picture:
    """Render as SVG; it carries no date and no random names."""
    options = {"format": "svg", "metadata": {"Date": None, "Creator": None}}
    return Picture("image/svg+xml", _save(draw, size, rc_params(theme), options))


def render_png(
    draw: Draw, size: tuple[float, float], theme: PageTheme, *, transparent: bool = True
) -> Picture:
    """Render as PNG at twice the page's resolution."""
    options = {"format": "png", "metadata": {"Software": None}, "pil_kwargs": {"optimize": True}}
    return Picture("image/png", _save(draw, size, rc_params(theme, transparent=transparent), options))


def render_webp(draw: Draw, size: tuple[float, float], theme: PageTheme) -> Picture:
    """Render as WebP at twice the page's resolution: a tenth of a PNG's weight, no palette's false steps."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(render_png(draw, size, theme).content)) as image:
        image.save(stream, format="webp", quality=WEBP_QUALITY, method=6)
    return Picture("image/webp", stream.getvalue())


def num_shapes(artist: Artist) -> int:
    """How many shapes an artist puts into a vector drawing: cells, markers, corners of lines.

    >>> num_shapes(Line2D(range(5), range(5)))
    5
    """
    if isinstance(artist, (QuadMesh, TriMesh)):
        cells = artist.get_array()
        return 0 if cells is None else cells.size
    if isinstance(artist, Collection):
        corners = sum(len(np.asarray(path.vertices)) for path in artist.get_paths())
        return max(corners, len(np.asarray(artist.get_offsets())))
    return np.size(artist.get_xdata()) if isinstance(artist, Line2D) else 0


def _save(draw: Draw, size: tuple[float, float], settings: dict[str, Any], options: dict[str, Any]) -> bytes:
    with mpl.rc_context(cast(Any, settings)):
        figure = FigureCanvasAgg(Figure(figsize=size, layout="constrained")).figure
        draw(figure)
        if not figure.get_children()[1:]:
            raise ValueError("draw must draw on the figure it is given, got an empty figure")
        if not any(axes.get_subplotspec() for axes in figure.axes):
            figure.set_layout_engine("none")  # axes placed by hand stay there
        for artist in figure.findobj(lambda artist: num_shapes(artist) > MANY_SHAPES):
            artist.set_rasterized(True)
        stream = io.BytesIO()
        figure.savefig(stream, dpi=PIXELS_PER_INCH, **options)
    return stream.getvalue()
