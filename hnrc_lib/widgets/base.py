"""What every widget of the book shares: one module, checked traits, a picture for readers without a page."""

import base64
import functools
import html
import io
import json
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import numpy as np
import traitlets

from hnrc_lib.widgets.modules import join_modules, join_styles
from hnrc_lib.widgets.packed import unpack_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDGETS = Path(__file__).resolve().parent
HOST = WIDGETS / "host.js"
BOOK_VARIABLE = "HNRC_BOOK"
VIEW_MIME = "application/vnd.jupyter.widget-view+json"
_DOTS_PER_INCH = 144
_PAGE_COLOURS = {False: "#ffffff", True: "#14181e"}
_SCREEN_DOTS_PER_INCH = 96
_SHARED_STYLES = tuple(WIDGETS / "shared" / f"{name}.css" for name in ("shared", "controls", "layout"))

# Without a script the right picture must still show; in print it replaces the live widget.
_PICTURE_STYLE = (
    ".hnrc-picture{display:block;width:100%;max-width:860px;height:auto;margin:0 auto;"
    "background:none!important;padding:0!important}"
    ".hnrc-picture-dark,html[data-theme=dark] .hnrc-picture-light{display:none}"
    "html[data-theme=dark] .hnrc-picture-dark{display:block}"
    ".hnrc-live>.hnrc-picture{display:none!important}"
    "html .text_html:has(>.hnrc-themed)"
    "{background:none!important;color:inherit!important;padding:0!important}"
    "@media print{.hnrc-themed>.hnrc-picture-light{display:block!important}"
    ".hnrc-themed>.hnrc-picture-dark,.hnrc-themed>.hnrc-static-widget{display:none!important}}"
)


@functools.cache
def _module(entry: Path) -> str:
    return join_modules(entry, WIDGETS)


class StaticWidget(anywidget.AnyWidget):
    """A widget for static pages, JupyterLab and Colab, with a picture for everywhere else.

    A subclass names its ES module and style sheets, declares its state with
    :mod:`hnrc_lib.widgets.traits`, and says and draws its state in :meth:`alt` and :meth:`figure`.
    The module must export ``default {render}``, read its state from the model alone, and return its clean-up.
    """

    module: ClassVar[Path]
    styles: ClassVar[tuple[Path, ...]] = ()
    what_to_try: ClassVar[str] = ""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return _module(self.module)

    @traitlets.default("_css")
    def _default_css(self) -> str:
        return join_styles(*_SHARED_STYLES, *self.styles)

    def state(self) -> dict[str, Any]:
        """The widget's own synchronised traits by name: what the page reads and draws."""
        names = set(self.trait_names(sync=True)) - set(StaticWidget.class_trait_names())
        return {name: getattr(self, name) for name in sorted(names) if not name.startswith("_")}

    def numbers(self, name: str) -> np.ndarray:
        """A packed trait as float64."""
        return unpack_array(getattr(self, name)).astype(np.float64)

    def alt(self) -> str:
        """A sentence that tells the present state to who cannot see the picture."""
        raise NotImplementedError

    def figure(self, *, dark: bool = False) -> "Figure":
        """A matplotlib figure of the present state, transparent, for a light or a dark page."""
        raise NotImplementedError

    def picture(self, *, dark: bool = False, opaque: bool = False) -> bytes:
        """The figure as a PNG with a palette.

        Args:
            dark: drawn for a dark page.
            opaque: with its background, for places whose own is not known.
        """
        import matplotlib.style
        from PIL import Image

        drawn, packed = io.BytesIO(), io.BytesIO()
        with matplotlib.style.context("default"):  # whatever the notebook's own style
            self.figure(dark=dark).savefig(
                drawn, format="png", dpi=_DOTS_PER_INCH, facecolor=_PAGE_COLOURS[dark]
            )
        with Image.open(drawn) as image:
            small = image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        # the corner is background; making its colour transparent keeps lines smooth on any similar page
        transparent = {} if opaque else {"transparency": small.getpixel((0, 0))}
        small.save(packed, format="png", optimize=True, **transparent)
        return packed.getvalue()

    def fallback(self, view: dict[str, Any]) -> str:
        """The picture as HTML, with the tag from which the host makes the live widget.

        Args:
            view: the content of the widget-view MIME type.
        """
        alt = html.escape(self.alt(), quote=True)
        pictures = {scheme: self.picture(dark=scheme == "dark") for scheme in ("light", "dark")}
        images = "".join(
            f'<img class="hnrc-picture hnrc-picture-{scheme} dark-light" alt="{alt}" {_size(picture)} '
            f'src="data:image/png;base64,{_encoded(picture)}">'
            for scheme, picture in pictures.items()
        )
        tag = json.dumps(view).replace("<", "\\u003c")
        return (
            f'<div class="hnrc-themed"><style>{_PICTURE_STYLE}</style>{images}'
            f'<script type="{VIEW_MIME}">{tag}</script></div>'
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        data["text/plain"] = self.alt()
        data["image/png"] = _encoded(self.picture(opaque=True))
        inches = self.figure().get_size_inches()
        width, height = (round(float(side) * _SCREEN_DOTS_PER_INCH) for side in inches)
        metadata["image/png"] = {"alt": self.alt(), "width": width, "height": height}
        if os.environ.get(BOOK_VARIABLE) == "1":
            data["text/html"] = self.fallback(data[VIEW_MIME])
        return data, metadata


def _encoded(png: bytes) -> str:
    return base64.b64encode(png).decode("ascii")


def _size(png: bytes) -> str:
    """Width and height as attributes, so that a picture holds its place before it is read."""
    width, height = struct.unpack(">II", png[16:24])
    return f'width="{width}" height="{height}"'
