"""Pictures and sounds that outputs carry become files, loaded only when they are seen or heard."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FOLDER = "_media"
_EMBEDDED = re.compile(r'\bsrc="data:(?P<mime>[a-z]+/[a-z0-9.+-]+);base64,(?P<data>[A-Za-z0-9+/=\s]+)"')
_SUFFIXES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/flac": ".flac",
}
_SMALL = 2_000  # characters; a file of its own would cost more than it saves


def extract(html: str, folder: Path, prefix: str) -> str:
    """Write embedded media to files named by their content.

    Args:
        html: the page's body.
        folder: where the files go.
        prefix: address of that folder, seen from the page, with a trailing slash.

    Returns:
        The body with addresses in place of data.
    """

    def write(match: re.Match[str]) -> str:
        suffix = _SUFFIXES.get(match["mime"])
        if suffix is None or len(match["data"]) < _SMALL:
            return match[0]
        content = base64.b64decode(match["data"])
        name = hashlib.sha256(content).hexdigest()[:24] + suffix
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return f'src="{prefix}{name}"'

    return _EMBEDDED.sub(write, html)


def extract_from_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Sphinx's ``html-page-context`` event: the page's body is about to be put into its template."""
    if "body" in context:
        prefix = context["pathto"](FOLDER, 1) + "/"
        context["body"] = extract(context["body"], Path(app.outdir) / FOLDER, prefix)
