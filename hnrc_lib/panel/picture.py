"""The panel's figure: loss and validation error of every training, and the recorded curve beside them."""

import base64
import html
import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hnrc_lib.panel.history import RecordedCurve, Result

_DOTS_PER_INCH = 96


def draw(results: Sequence[Result], recorded: RecordedCurve | None) -> Figure:
    """Training loss by step on the left, validation error by step on the right; the last run is thick.

    Args:
        results: in the order in which they were begun.
        recorded: dotted; None draws none.
    """
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for number, result in enumerate(results):
        style = {"color": f"C{number % 10}", "linewidth": 2.2 if result is results[-1] else 1.1}
        label = f"{number + 1}: {result.settings.title()}"
        left.plot(range(1, len(result.losses) + 1), result.smoothed(), label=label, **style)
        steps, errors = [step for step, _ in result.epochs], [error for _, error in result.epochs]
        right.plot(steps, errors, marker="o", markersize=4, **style)
    if recorded is not None:
        left.plot(
            recorded.steps, recorded.loss, color="0.45", linestyle=":", linewidth=1.8, label=recorded.label
        )
    left.set(xlabel="step", ylabel="training loss, nats", yscale="log")
    right.set(xlabel="step", ylabel="validation error", ylim=(-0.02, 1.02))
    for ax in (left, right):
        ax.grid(axis="y", color="0.85")
        ax.set_axisbelow(True)
    handles, labels = left.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", fontsize=7.5, frameon=False)
    return figure


def describe(results: Sequence[Result]) -> str:
    """The figure in words.

    >>> describe([])
    'No training yet.'
    """
    if not results:
        return "No training yet."
    sentences = []
    for number, result in enumerate(results, 1):
        last = (
            f"loss {result.smoothed()[-1]:.3g} after {len(result.losses)} steps"
            if result.losses
            else "no step yet"
        )
        error = f", validation error {result.epochs[-1][1]:.1%}" if result.epochs else ""
        sentences.append(f"Run {number}, {result.settings.title()}: {last}{error}.")
    return " ".join(sentences)


def as_html(figure: Figure, alt: str) -> str:
    """The figure as an image inside the text, with what it says."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, facecolor="white")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" style="max-width:100%">'
