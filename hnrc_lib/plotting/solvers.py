"""Linear systems solved: what the condition number costs in digits, and how fast an iteration converges."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float
from hnrc_lib.plotting.legends import legend_above

_MARKERS = "osD^vx"


def draw_solver_errors(
    ax: Axes,
    condition_numbers: Float[np.ndarray, " n"],
    errors: Mapping[str, Float[np.ndarray, " _"]],
    *,
    precision: float,
) -> None:
    """Relative errors against κ(X), with the guides εκ and εκ²; a solver that gave up leaves a gap.

    Args:
        ax: where to draw.
        condition_numbers: κ(X), ascending.
        errors: name of a solver to its relative errors, NaN where it found no solution.
        precision: ε of the arithmetic.

    Raises:
        ValueError: a row of errors has another length, or ``precision`` is not positive.
    """
    if not precision > 0:
        raise ValueError(f"precision must be positive, got {precision}")
    for power, style in ((1, ":"), (2, "--")):
        guide = precision * condition_numbers**power
        ax.plot(condition_numbers, guide, style, color="0.55", linewidth=1, label="εκ" + "²" * (power - 1))
    for number, (name, row) in enumerate(errors.items()):
        if row.shape != condition_numbers.shape:
            expected = condition_numbers.shape
            raise ValueError(f"errors[{name!r}] must have shape {expected}, got {row.shape}")
        ax.plot(condition_numbers, row, marker=_MARKERS[number % 6], markersize=4, linewidth=1, label=name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(precision / 10, 1e2)
    ax.set_xlabel("condition number κ(X)")
    ax.set_ylabel("relative error of θ")


def draw_convergence(
    ax: Axes,
    errors: Mapping[str, Float[np.ndarray, " _"]],
    bounds: Mapping[str, float],
) -> None:
    """Relative error in the norm of A against the step, and the bound 2((√κ − 1)/(√κ + 1))ᵏ as a dashed line.

    Args:
        ax: where to draw.
        errors: name of an iteration to its errors at steps 0, 1, …; each starts at 1.
        bounds: name of an iteration to its κ ≥ 1; those without one get no bound.

    Raises:
        ValueError: a bound for an iteration that is not drawn.
    """
    unknown = [name for name in bounds if name not in errors]
    if unknown:
        raise ValueError(f"bounds must be of iterations that are drawn, {unknown} are not")
    for number, (name, row) in enumerate(errors.items()):
        steps = np.arange(len(row))
        ax.plot(steps, row, color=f"C{number}", linewidth=2, label=name)
        if name in bounds:
            root = np.sqrt(bounds[name])
            bound = 2 * ((root - 1) / (root + 1)) ** steps
            ax.plot(
                steps, bound, "--", color=f"C{number}", linewidth=1, label=f"bound, κ = {bounds[name]:.0f}"
            )
    ax.set_yscale("log")
    ax.set_xlabel("step")
    ax.set_ylabel("error in the norm of A")
    legend_above(ax, columns=2)
