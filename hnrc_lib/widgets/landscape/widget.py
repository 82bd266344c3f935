"""The landscape viewer: a real network's loss as a surface to turn, and four real runs across it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.landscape import reference
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

RECORD = "landscape_runs"
RUNS = ("undamped", "clipped", "damped", "decayed")
RUN_NAMES = {
    "undamped": "undamped run",
    "clipped": "clipped run",
    "damped": "damped run",
    "decayed": "run with decay",
}
CEILING = 30.0  # nats; what is higher is a plateau, so that the valleys can be seen
_LAST_LEVEL = 65535
_UNIT = 32767
_SHARE = (0.0, 1.0)


class LandscapeViewer(StaticWidget):
    """The training loss of a real network over the plane of its runs, as a surface and as level lines.

    Height is the logarithm of the loss, cut at 30 nats. The plane's coordinates u and v are distances
    between parameters from the start of the runs. Every trait is synchronised with the page; a value out of
    bounds raises ``TraitError`` with its name. A step beyond the run's last is its last.

    Args:
        record: of the experiment ``landscape_runs``; the shipped one when left out.
        run: the one followed: ``undamped``, ``clipped``, ``damped`` or ``decayed``.
        current: index of the kept point that is shown, 0 being the start; the last when left out.
        turn: of the surface about the vertical, in degrees, −180 to 180.
        tilt: towards the reader, in degrees, 10 to 90; 90 looks from above.
        zoom: 1 to 4; enlarged, the view follows the run's step.
        mark: the marked point, as shares −1 … 1 of the plane; the lowest grid point when left out.

    >>> viewer = LandscapeViewer(run="damped", current=0)
    >>> viewer.tilt = 95
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: tilt must be a finite number in [10, 90], got 95
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Turn the surface, or press the arrow keys on it. Press Play: without damping the run goes three "
        "quarters of its way in the first twenty steps, down a cliff and across the plane, while its loss "
        "only halves. Choose Clipped: from the same start and on the same batches it goes a quarter as far "
        "and ends lower. Damped goes as far as the undamped run, but into another valley, and ends as low "
        "as the clipped one. Decay bends the path of the undamped run and keeps its loss higher. Then look "
        "at the two dots on the pin: the full one lies on the surface, the hollow one is the run's own "
        "loss. At the end it is lower, for the network also moves beside the plane; how far is told below. "
        "Hover over either picture and the same point is marked on the other."
    )

    run = traits.Choice("undamped", RUNS)
    current = traits.Count(0, 0, 400)
    turn = traits.Number(-60.0, -180.0, 180.0)
    tilt = traits.Number(40.0, 10.0, 90.0)
    zoom = traits.Number(1.0, 1.0, 4.0)
    mark = traits.Point((0.0, 0.0), ((-1.0, 1.0), (-1.0, 1.0)))
    heights = traits.Packed("int16", 2)
    paths = traits.Packed("int16", 3)
    losses = traits.Packed("float32", 2)
    off_plane = traits.Packed("float32", 2)
    distances = traits.Packed("float32", 2)
    every = traits.Count(1, 1, 1000)
    half_side = traits.Number(1.0, 0.0, 1e6)
    log_range = traits.Point((-1.0, 1.0), ((-12.0, 12.0), (-12.0, 12.0)))
    explained = traits.Point((0.0, 0.0), (_SHARE, _SHARE))
    explained_of = traits.Point((0.0,) * 4, (_SHARE,) * 4)
    caption = traits.Text("", r"[\s\S]*", "a text")

    def __init__(self, record: Record | None = None, **state: Any) -> None:
        shown = load_record(RECORD) if record is None else record
        super().__init__(**{**packed_record(shown), "current": len(shown.arrays["steps"]) - 1, **state})
        if "mark" not in state:
            self.mark = self.lowest()

    def surface(self) -> Float[np.ndarray, "rows columns"]:
        """Heights in 0 … 1: where the loss's logarithm lies in ``log_range``."""
        return (self.numbers("heights") + 32768) / _LAST_LEVEL

    def path(self, run: str) -> Float[np.ndarray, "points 2"]:
        """A run in the plane, as shares −1 … 1 of it."""
        return self.numbers("paths")[RUNS.index(run)] / _UNIT

    def own_losses(self, run: str) -> Float[np.ndarray, " points"]:
        """The loss of a run's own parameters, in nats."""
        return self.numbers("losses")[RUNS.index(run)]

    def plane_loss(self, point: reference.Point) -> float:
        """The loss of the plane at a point of it, in nats, as far as the surface is not cut."""
        low, high = self.log_range
        return float(10 ** (low + reference.height_at(self.surface(), point) * (high - low)))

    def coordinates(
        self, point: reference.Point | Float[np.ndarray, "points 2"]
    ) -> Float[np.ndarray, "*points 2"]:
        """u and v of a point of the plane: distances from the runs' start."""
        return (np.asarray(point) - self.path(RUNS[0])[0]) * self.half_side

    def lowest(self) -> tuple[float, float]:
        """The lowest grid point."""
        surface = self.surface()
        row, column = np.unravel_index(int(surface.argmin()), surface.shape)
        places = zip((column, row), reversed(surface.shape), strict=True)
        x, y = (round(-1 + 2 * int(index) / (count - 1), 3) for index, count in places)
        return x, y

    def step(self) -> int:
        """Index of the kept point that is shown."""
        return min(self.current, self.numbers("losses").shape[1] - 1)

    def alt(self) -> str:
        """The state in words: the view, the run's step, its loss and the plane's, the mark, the shares."""
        index, k = RUNS.index(self.run), self.step()
        last = self.numbers("losses").shape[1] - 1
        u, v = self.coordinates(self.mark)
        shares = (sum(self.explained), self.explained_of[index])
        held, own = (f"{round(100 * share)} %" for share in shares)
        return (
            f"Surface of a network's training loss over the plane in which four runs from one start moved "
            f"most, turned by {format_number(self.turn)}°, tilted by {format_number(self.tilt)}°, with level "
            f"lines beside it. The {RUN_NAMES[self.run]} at step {k * self.every} of {last * self.every} has "
            f"loss {format_number(float(self.own_losses(self.run)[k]))}, "
            f"{format_number(float(self.numbers('distances')[index, k]))} from the start and "
            f"{format_number(float(self.numbers('off_plane')[index, k]))} beside the plane, whose loss "
            f"below it is {format_number(self.plane_loss(self.path(self.run)[k]))}. Marked is a loss of "
            f"{format_number(self.plane_loss(self.mark))} at u = {format_number(float(u))}, "
            f"v = {format_number(float(v))}. The plane holds {held} of the runs' squared distance from "
            f"their start, {own} of this one's."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """Surface, level lines and losses, as on the page."""
        from hnrc_lib.widgets.landscape.picture import draw

        return draw(self, dark=dark)


def packed_record(record: Record) -> dict[str, Any]:
    """The traits that hold a record of ``landscape_runs``.

    Args:
        record: its grid is a square; heights keep 65536 levels, coordinates 65535.

    Raises:
        ValueError: runs other than the four, or coordinates outside the grid.
    """
    arrays, scalars = record.arrays, record.scalars
    if tuple(scalars["runs"]) != RUNS:
        raise ValueError(f"record must hold the runs {list(RUNS)}, got {scalars['runs']}")
    ends = np.array([[arrays[name][0], arrays[name][-1]] for name in ("alpha", "beta")])
    middle, half = ends.mean(axis=1), float(np.diff(ends, axis=1).max()) / 2
    paths = (arrays["coordinates"] - middle) / half
    if np.abs(paths).max() > 1:
        raise ValueError("coordinates of the record must lie in its grid, got some outside")
    logs = np.log10(np.minimum(arrays["loss"].T, CEILING))
    low, high = float(logs.min()), float(logs.max())
    config = record.provenance.config
    settings = (
        f"momentum 0.9, η = {config['rate']:g}, batches of 64; clipped at ‖g‖ = {config['clip']:g}; "
        f"damped by λ = {config['damping']:g} along 8 directions; decay {config['decay']:g}; "
        f"surface: {scalars['num_utterances']} training utterances, cut at {CEILING:g} nats"
    )
    return {
        "heights": np.round((logs - low) / (high - low) * _LAST_LEVEL) - 32768,
        "paths": np.round(paths * _UNIT),
        "losses": arrays["run_loss"],
        "off_plane": arrays["off_plane"],
        "distances": arrays["distance"],
        "every": int(arrays["steps"][1]),
        "half_side": half,
        "log_range": (low, high),
        "explained": scalars["explained"],
        "explained_of": scalars["explained_of"],
        "caption": f"{record.caption()} · {settings}",
    }
