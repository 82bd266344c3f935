"""Static pages with widgets, with the state embedded as myst-nb embeds it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipywidgets.embed import dependency_state
from matplotlib import get_data_path
from myst_nb.core.render import sanitize_script_content

from hnrc_lib.widgets.base import HOST

STATE_MIME = "application/vnd.jupyter.widget-state+json"
# a page that has drawn twice has drawn what was asked of it before
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# what sphinx-book-theme does to colours, in four rules
THEME = """
html { color: #222832; background: #fff; }
html[data-theme=dark] { color: #ced6dd; background: #14181e; color-scheme: dark; }
body { margin: 0; font: 16px/1.65 -apple-system, "Segoe UI", Arial, "DejaVu Sans", sans-serif; }
main { max-width: 800px; margin: 0 auto; padding: 16px; }
"""


# letters that are the same on every machine, for what is compared with kept pictures
FONT = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
SAME_LETTERS = """
@font-face { font-family: "Same Letters"; src: url("letters.ttf"); font-display: block; }
body { font-family: "Same Letters"; }
"""


def view_of(widget: Any) -> dict[str, Any]:
    """The content of a widget-view tag."""
    return {"version_major": 2, "version_minor": 1, "model_id": widget.model_id}


def embedded_state(widgets: Sequence[Any]) -> dict[str, Any]:
    """What a notebook's metadata keeps of widgets after execution."""
    return {
        "version_major": 2,
        "version_minor": 0,
        "state": dependency_state(list(widgets), drop_defaults=False),
    }


def static_page(
    *widgets: Any,
    dark: bool = False,
    state: dict[str, Any] | None = None,
    host: bool = True,
    style: str = "",
) -> str:
    """A page with one fallback per widget (a widget given twice has two views) and the host script.

    Args:
        widgets: the widgets in the order of the page.
        dark: the page's theme.
        state: instead of the widgets' own embedded state.
        host: whether the host script is loaded.
        style: rules besides the theme's.
    """
    embedded = embedded_state(list(dict.fromkeys(widgets))) if state is None else state
    views = "\n".join(
        f'<section aria-label="Widget {i}"><div class="cell_output"><div class="output text_html">'
        f"{widget.fallback(view_of(widget))}</div></div></section>"
        for i, widget in enumerate(widgets)
    )
    body = sanitize_script_content(json.dumps(embedded))
    return (
        f'<!doctype html><html lang="en" data-theme="{"dark" if dark else "light"}"><head>'
        '<meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Widgets</title>'
        f"<style>{THEME}{style}</style>"
        + ('<script defer src="host.js"></script>' if host else "")
        + f'</head><body><main><h1>Widgets</h1>{views}<p style="height: 60vh">The end.</p></main>'
        f'<script type="{STATE_MIME}">{body}</script></body></html>'
    )


def write_page(folder: Path, name: str, text: str) -> Path:
    """Write a page and the host beside it."""
    (folder / "host.js").write_bytes(HOST.read_bytes())
    (folder / "letters.ttf").write_bytes(FONT.read_bytes())
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
