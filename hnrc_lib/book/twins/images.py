"""Pictures that travel inside the notebook."""

import base64
import html
import mimetypes
from pathlib import Path

from hnrc_lib.book.twins.errors import NoForm


def embed(file: Path) -> str:
    """A local picture as a ``data:`` address.

    Args:
        file: PNG, JPEG, GIF, WebP or SVG.

    Raises:
        NoForm: there is no such file, or it is no picture.
    """
    if not file.is_file():
        raise NoForm(f"image must exist, got {file.name}")
    kind = mimetypes.guess_type(file.name)[0] or ""
    if not kind.startswith("image/"):
        raise NoForm(f"image must be PNG, JPEG, GIF, WebP or SVG, got {file.name}")
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def image_tag(address: str, alt: str, width: str = "") -> str:
    """An ``<img>`` element.

    >>> image_tag("a.png", 'the "bulk"', "60%")
    '<img src="a.png" alt="the &quot;bulk&quot;" width="60%">'
    """
    size = f' width="{html.escape(width.removesuffix("px"))}"' if width else ""
    return f'<img src="{html.escape(address)}" alt="{html.escape(alt)}"{size}>'
