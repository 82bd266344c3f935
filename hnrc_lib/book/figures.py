"""Figures of the book: drawn for the light and the dark page, with alternative text and provenance."""

import html
import re

from IPython.display import Markdown, display

from hnrc_lib.book.rendering import PAGE_PIXELS_PER_INCH, Draw, render, render_png
from hnrc_lib.book.styles import DARK, LIGHT
from hnrc_lib.book.words import html_with_math, in_book, require_sentence
from hnrc_lib.experiments.record import Record, load_record

LIVE_CAPTION = "Computed on this page."
MIN_ALT_WORDS, MIN_SEE_WORDS = 6, 4
_NAME = re.compile(r"fig-[a-z0-9]+(-[a-z0-9]+)*")


def figure(
    draw: Draw,
    *,
    alt: str,
    see: str,
    record: str | Record | None = None,
    size: tuple[float, float] = (7.0, 3.5),
    name: str | None = None,
) -> None:
    """Show a figure with its alternative text, what to see in it, and where its numbers come from.

    In the book ``draw`` is called twice, for the light and for the dark page; it must draw the same both
    times (compute and draw random numbers before). In Colab or JupyterLab a PNG and its caption are shown.

    Args:
        draw: gets an empty ``Figure``, adds axes and draws; no colour fixed to black or white.
        alt: what a reader who cannot see the figure must know, a sentence of at least six words.
        see: what to look at; ``$…$`` is set as mathematics.
        record: the record whose numbers are drawn, or its name; left out when this page computed them.
        size: width and height in inches; 7 inches fill the text's width.
        name: label for cross-references, ``fig-`` and lower-case words: ``[](#fig-spectrum)``.

    Raises:
        ValueError: ``alt`` or ``see`` says too little, ``name`` is no label, or ``draw`` drew nothing.
        FileNotFoundError: there is no such record.
    """
    alt = require_sentence("alt", alt, min_words=MIN_ALT_WORDS)
    see = require_sentence("see", see, min_words=MIN_SEE_WORDS)
    if name is not None and not _NAME.fullmatch(name):
        raise ValueError(f"name must look like 'fig-spectrum' (lower case, digits, hyphens), got {name!r}")
    loaded = load_record(record) if isinstance(record, str) else record
    if in_book():
        attributes = 'data-live="true"' if loaded is None else f'data-record="{html.escape(loaded.name)}"'
        attributes += f' data-name="{name}"' if name else ""
        page = (
            f'<figure class="hnrc-figure" {attributes}><div class="hnrc-renderings">'
            f"{_images(draw, size, alt)}</div>{_caption(see, loaded)}</figure>"
        )
        display({"text/html": page, "text/plain": alt}, raw=True)
        return
    width, height = _pixels(size)
    shown = {"image/png": render_png(draw, size, LIGHT, transparent=False).base64, "text/plain": alt}
    display(shown, raw=True, metadata={"image/png": {"width": width, "height": height, "alt": alt}})
    display(Markdown(f"{see}\n\n*{_source(loaded)}*"))


def _source(record: Record | None) -> str:
    return LIVE_CAPTION if record is None else record.caption()


def _caption(see: str, record: Record | None) -> str:
    source = html.escape(_source(record), quote=False)
    return (
        f'<figcaption><span class="hnrc-see">{html_with_math(see)}</span>'
        f' <span class="hnrc-source">{source}</span></figcaption>'
    )


def _images(draw: Draw, size: tuple[float, float], alt: str) -> str:
    width, height = _pixels(size)
    return "".join(
        f'<img class="only-{theme.name}" alt="{html.escape(alt)}" width="{width}" height="{height}"'
        f' loading="lazy" decoding="async" src="{render(draw, size, theme).data_uri}">'
        for theme in (LIGHT, DARK)
    )


def _pixels(size: tuple[float, float]) -> tuple[int, int]:
    return round(PAGE_PIXELS_PER_INCH * size[0]), round(PAGE_PIXELS_PER_INCH * size[1])
