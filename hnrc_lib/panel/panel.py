"""The training panel: controls, Train and Stop, live curves, and results kept for comparison."""

import html
import threading
import time
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.panel.history import Result, nearest_recorded
from hnrc_lib.panel.picture import as_html, describe, draw
from hnrc_lib.panel.settings import CLIPS, DAMPINGS, DECAYS, MODELS, OPTIMIZERS, PanelSettings
from hnrc_lib.panel.training import Outcome, TrainingRun
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.report import StepReport

_SECONDS_BETWEEN_DRAWINGS = 0.7
_WIDE = {"description_width": "7em"}
_HEADINGS = ("run", "settings", "steps", "last loss", "clipped", "validation", "test", "seconds", "ended")


class TrainingPanel(widgets.VBox):
    """Choose λ, clip, decay, optimiser and model; then Train: a real run on this machine's card or CPU.

    Each result is kept and drawn with those that came before, and the recorded run nearest to the controls
    is dotted beside them. A second run cannot begin before the first has ended. It needs a kernel; a static
    page shows the recorded sweep instead.

    Args:
        size: ``"quick"`` trains on the shipped synthetic digits; ``"full"`` on FSDD with a speaker held out.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        record: ``sweep``; the shipped one when None.
        parts: of a corpus of your own, with labels, in place of those two.

    >>> panel = TrainingPanel()
    >>> panel.controls["damping"].value = 0.3
    >>> panel.settings().damping
    0.3
    """

    def __init__(
        self,
        *,
        size: str = "quick",
        data_dir: str | Path | None = None,
        record: Record | None = None,
        parts: Parts | None = None,
    ) -> None:
        self._size, self._data_dir, self._parts = size, data_dir, parts
        self._record = load_record("sweep") if record is None else record
        self.results: list[Result] = []
        self._run: TrainingRun | None = None
        self._drawn, self._lock = 0.0, threading.RLock()
        self.controls = _controls()
        self.train_button = widgets.Button(description="Train", button_style="primary", icon="play")
        self.stop_button = widgets.Button(description="Stop", icon="stop", disabled=True)
        self.clear_button = widgets.Button(description="Forget results", icon="trash")
        self.progress = widgets.IntProgress(min=0, max=1, description="Progress", style=_WIDE)
        self.status, self.picture, self.table = (widgets.HTML() for _ in range(3))
        self.train_button.on_click(lambda button: self.train())
        self.stop_button.on_click(lambda button: self.stop())
        self.clear_button.on_click(lambda button: self.clear())
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        self.controls["optimizer"].observe(self._other_optimizer, names="value")
        buttons = widgets.HBox([self.train_button, self.stop_button, self.clear_button])
        left = widgets.VBox([self.controls[name] for name in ("model", "optimizer", "rate", "epochs")])
        right = widgets.VBox([self.controls[name] for name in ("damping", "clip", "decay", "seed")])
        head = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([head, buttons, self.progress, self.status, self.picture, self.table])
        self._say("Ready.")
        self._draw()

    def settings(self) -> PanelSettings:
        """What the controls say.

        Raises:
            ValueError: a number typed in is out of range; names it.
        """
        return PanelSettings(**{name: control.value for name, control in self.controls.items()})

    def train(self) -> None:
        """Begin a run with the present settings; nothing happens while one is under way."""
        if self.is_training:
            return
        try:
            settings = self.settings()
            recipe = settings.recipe(self._size)
        except ValueError as error:
            self._say(f"Not begun: {error}.")
            return
        with self._lock:
            self.results.append(Result(settings))
        self._run = TrainingRun(recipe, self._stepped, self._ended, self._data_dir, self._parts)
        self.train_button.disabled, self.stop_button.disabled, self.clear_button.disabled = True, False, True
        self.progress.value = 0
        self._say("Reading speech …")
        self._run.start()

    def stop(self) -> None:
        """Ask the run under way to end after its step; what it gave is kept."""
        if self._run is not None:
            self._run.stop()
            self._say("Stopping …")

    def clear(self) -> None:
        """Forget all results; nothing happens while a run is under way."""
        if not self.is_training:
            with self._lock:
                self.results.clear()
            self.progress.value = 0
            self._say("Ready.")
            self._draw()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run under way has ended, or for so many seconds."""
        if self._run is not None:
            self._run.join(timeout)

    @property
    def is_training(self) -> bool:
        """Whether a run is under way."""
        return self._run is not None and self._run.is_alive

    def _stepped(self, report: StepReport) -> None:
        with self._lock:
            self.results[-1].add(report)
        self.progress.max, self.progress.value = report.num_steps, report.step
        self._say(f"Step {report.step} of {report.num_steps}: {report}")
        if time.monotonic() - self._drawn > _SECONDS_BETWEEN_DRAWINGS:
            self._draw()

    def _ended(self, outcome: Outcome) -> None:
        with self._lock:
            self.results[-1].outcome = outcome
        self.train_button.disabled, self.stop_button.disabled, self.clear_button.disabled = False, True, False
        said = f"{outcome.state.capitalize()}."
        if outcome.test_error is not None:
            said += f" Test error {outcome.test_error:.1%}."
        self._say(f"{said} {outcome.message}".strip())
        self._draw()

    def _changed(self, change: dict[str, Any]) -> None:
        if not self.is_training:
            self._draw()

    def _other_optimizer(self, change: dict[str, Any]) -> None:
        """Each optimiser begins with a rate that suits it; only HNRC has a damping."""
        self.controls["rate"].value = OPTIMIZERS[change["new"]]
        self.controls["damping"].disabled = not change["new"].startswith("HNRC")

    def _say(self, text: str) -> None:
        self.status.value = f'<div role="status" aria-live="polite">{html.escape(text)}</div>'

    def _draw(self) -> None:
        with self._lock:
            self._drawn = time.monotonic()
            try:
                recorded = nearest_recorded(self._record, self.settings())
            except ValueError:  # a number being typed is out of range for the moment: Train will name it
                recorded = None
            self.picture.value = as_html(draw(self.results, recorded), describe(self.results))
            self.table.value = _table(self.results)


def _controls() -> dict[str, Any]:
    """One control for every field of ``PanelSettings``, by name, at its default."""
    start = PanelSettings()

    def choice(text: str, values: tuple[float, ...], value: float, named: dict[float, str]) -> Any:
        options = [(named.get(item, f"{item:g}"), item) for item in values]
        return widgets.SelectionSlider(options=options, value=value, description=text, style=_WIDE)

    def menu(text: str, names: dict[str, Any], value: str) -> Any:
        return widgets.Dropdown(options=list(names), value=value, description=text, style=_WIDE)

    return {
        "model": menu("Model", MODELS, start.model),
        "optimizer": menu("Optimiser", OPTIMIZERS, start.optimizer),
        "rate": widgets.FloatLogSlider(
            value=start.rate,
            min=-4,
            max=0.5,
            step=0.05,
            description="Rate η",
            readout_format=".2g",
            style=_WIDE,
        ),
        "damping": choice("Damping λ", DAMPINGS, start.damping, {}),
        "clip": choice("Clip norm", CLIPS, start.clip, {CLIPS[0]: "none"}),
        "decay": choice("Decay", DECAYS, start.decay, {DECAYS[0]: "none"}),
        "epochs": widgets.BoundedIntText(
            value=start.epochs, min=1, max=50, description="Epochs", style=_WIDE
        ),
        "seed": widgets.BoundedIntText(value=start.seed, min=0, max=9999, description="Seed", style=_WIDE),
    }


def _table(results: list[Result]) -> str:
    """All results in an HTML table; nothing before the first."""
    if not results:
        return ""
    head = "".join(f'<th scope="col" style="padding:0 .6em">{name}</th>' for name in _HEADINGS)
    rows = "".join(_row(number, result) for number, result in enumerate(results, 1))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(number: int, result: Result) -> str:
    outcome = result.outcome
    cells = (
        str(number),
        result.settings.title(),
        str(len(result.losses)),
        f"{result.smoothed()[-1]:.3g}" if result.losses else "",
        f"{result.clipped:.0%}",
        f"{result.epochs[-1][1]:.1%}" if result.epochs else "",
        "" if outcome is None or outcome.test_error is None else f"{outcome.test_error:.1%}",
        "" if outcome is None else f"{outcome.seconds:.0f}",
        "under way" if outcome is None else outcome.state,
    )
    return (
        "<tr>" + "".join(f'<td style="padding:0 .6em">{html.escape(cell)}</td>' for cell in cells) + "</tr>"
    )
