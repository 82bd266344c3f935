"""How the book's figures look on a light and on a dark page."""

from dataclasses import dataclass
from typing import Any

from cycler import cycler

# Hues in the order of Okabe and Ito (2008); tones searched so that each keeps a contrast of 3:1 to its
# page (WCAG 2.2, 1.4.11) and any two differ by 20 (CIE 1976) under every kind of colour vision.
LIGHT_CYCLE = ("#0056b8", "#d47800", "#00a066", "#8f2f71", "#6a5608", "#2b2b2b")
DARK_CYCLE = ("#4a90e6", "#e0622f", "#22d982", "#b96a90", "#f0cc30", "#f2f2f2")


@dataclass(frozen=True)
class PageTheme:
    """Colours of one of the site's two themes.

    Attributes:
        name: ``"light"`` or ``"dark"``.
        page: the page's own colour, which shows through the figure.
        ink: lines and letters.
        faint: grid lines.
        cycle: colours of the first lines, second lines, …
    """

    name: str
    page: str
    ink: str
    faint: str
    cycle: tuple[str, ...]


LIGHT = PageTheme("light", "#ffffff", "#22262b", "#d3d7db", LIGHT_CYCLE)
DARK = PageTheme("dark", "#121212", "#dfe2e6", "#3f444a", DARK_CYCLE)

_COMMON: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "grid.linewidth": 0.6,
    "image.cmap": "viridis",
    "svg.fonttype": "path",
    "svg.hashsalt": "hnrc",
    "figure.dpi": 100,
}


def rc_params(theme: PageTheme, *, transparent: bool = True) -> dict[str, Any]:
    """Matplotlib settings for a theme.

    Args:
        theme: ``LIGHT`` or ``DARK``.
        transparent: let the page show through; otherwise paint the theme's page colour.

    >>> rc_params(LIGHT)["axes.prop_cycle"].by_key()["color"][0]
    '#0056b8'
    """
    ground = "none" if transparent else theme.page
    ink = dict.fromkeys(
        ["text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"],
        theme.ink,
    )
    grounds = dict.fromkeys(["figure.facecolor", "axes.facecolor", "savefig.facecolor"], ground)
    rest = {
        "grid.color": theme.faint,
        "patch.edgecolor": theme.ink,
        "hatch.color": theme.ink,
        "boxplot.flierprops.color": theme.ink,
        "axes.prop_cycle": cycler(color=list(theme.cycle)),
    }
    return _COMMON | ink | grounds | rest
