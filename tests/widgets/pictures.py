"""Pictures of widgets that are kept, and how far a new one may differ from them.

A picture is kept at a quarter of its size: a change that an eye sees stays, the edges of letters, which
differ between versions of Chromium, go. ``SEEN`` and ``MEAN`` are in steps of 256.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

KEPT = Path(__file__).parent / "pictures"
MADE = Path(__file__).parents[2] / "_build" / "pictures"
SMALLER = 4
SEEN, SHARE, MEAN = 32, 0.01, 2.0
"""A pixel differs from ``SEEN`` on; as much as ``SHARE`` of them may, and ``MEAN`` is allowed over all."""


def reduced(png: bytes) -> Image.Image:
    """A screenshot at a quarter of its size."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    return whole.resize((-(-whole.width // SMALLER), -(-whole.height // SMALLER)), Image.Resampling.BOX)


def difference(kept: Image.Image, made: Image.Image) -> str:
    """What is different for the eye; empty if nothing is.

    Args:
        kept: what was accepted.
        made: what came now.
    """
    if kept.size != made.size:
        return f"size {kept.size} became {made.size}"
    apart = np.abs(np.asarray(kept, dtype=float) - np.asarray(made, dtype=float)).max(axis=2)
    share, mean = float((apart >= SEEN).mean()), float(apart.mean())
    if share > SHARE or mean > MEAN:
        return f"{share:.2%} of the pixels differ, {mean:.2f} of 256 in the mean"
    return ""


def compare(name: str, png: bytes) -> str:
    """Hold a screenshot against the kept picture of that name; a new or different one is written to ``MADE``.

    Args:
        name: file name without its ending, folders included.
        png: the screenshot.

    Returns:
        What is wrong, empty if nothing is.
    """
    made, path = reduced(png), KEPT / f"{name}.png"
    wrong = difference(Image.open(path), made) if path.is_file() else "no picture is kept"
    if not wrong:
        return ""
    target = MADE / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    made.save(target, optimize=True)
    return f"{name}: {wrong}; if _build/pictures/{name}.png is right, keep it in tests/widgets/pictures"
