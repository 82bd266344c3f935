"""Taylor models of a loss: along a line, their errors, and the damping that a radius stands for."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Float
from hnrc_lib.plotting.legends import legend_above


def draw_model_errors(
    ax: Axes,
    radii: Float[np.ndarray, " r"],
    errors: Mapping[int, Float[np.ndarray, " r"]],
    *,
    anchor: float,
    kink: float | None = None,
) -> None:
    """|L(θ + Δ) − model| against ‖Δ‖, log–log, with a line of the slope that theory gives.

    Args:
        ax: where to draw.
        radii: ‖Δ‖ > 0, ascending.
        errors: order of the model, 1 or 2, to its errors; an error of 0 is left out.
        anchor: the radius at which the lines of slope order + 1 touch the errors.
        kink: distance of the nearest kink, to be marked.

    Raises:
        ValueError: radii that do not ascend from above 0.
    """
    if not (radii > 0).all() or not (np.diff(radii) > 0).all():
        raise ValueError("radii must be positive and ascend")
    here = int(np.abs(np.log(radii / anchor)).argmin())
    shown = np.concatenate([error[error > 0] for error in errors.values()])
    low, high = shown.min() / 3, shown.max() * 3
    for order, error in errors.items():
        color = f"C{order - 1}"
        ax.plot(
            radii, np.where(error > 0, error, np.nan), "o-", color=color, markersize=3, label=f"order {order}"
        )
        line = error[here] * (radii / radii[here]) ** (order + 1)
        inside = (line > low) & (line < high)
        ax.plot(radii[inside], line[inside], "--", color=color, linewidth=1, label=f"slope {order + 1}")
    if kink is not None:
        ax.axvline(kink, color=mpl.rcParams["text.color"], linestyle=":", linewidth=1, label="nearest kink")
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(low, high),
        xlabel="length of the step ‖Δ‖",
        ylabel="error of the model",
    )
    legend_above(ax, columns=2)


def draw_model_along(
    ax: Axes,
    steps: Float[np.ndarray, " t"],
    loss: Float[np.ndarray, " t"],
    model: Float[np.ndarray, " t"],
    *,
    stationary: tuple[float, float],
    start: tuple[float, float],
) -> None:
    """A loss and its quadratic model along a line, with the start and the model's stationary point.

    Args:
        ax: where to draw.
        steps: t, ascending.
        loss: L(θ + td).
        model: m(td).
        stationary: t and m(td) where the model is level.
        start: t and L at the start, usually t = 0.
    """
    ax.plot(steps, loss, color="C0", label="loss")
    ax.plot(steps, model, "--", color="C1", label="quadratic model")
    ax.plot(*start, "o", color=mpl.rcParams["text.color"], markersize=5, label="start")
    ax.plot(*stationary, "X", color="C1", markersize=8, label="Newton's point")
    ax.set(xlabel="t, along the eigenvector", ylabel="loss")
    legend_above(ax, columns=2)


def draw_radius_and_damping(
    ax: Axes,
    dampings: Float[np.ndarray, " d"],
    lengths: Float[np.ndarray, " d"],
    *,
    threshold: float,
    solved: tuple[Float[np.ndarray, " s"], Float[np.ndarray, " s"]],
) -> None:
    """Length of the damped step against λ − λ_least, with the trust-region solutions on it.

    Args:
        ax: where to draw.
        dampings: λ above the threshold, ascending.
        lengths: ‖s(λ)‖.
        threshold: λ_least = max(0, −h_min).
        solved: λ and ‖s‖ that the exact solver returned for some radii.

    Raises:
        ValueError: a damping at or below the threshold.
    """
    if not (dampings > threshold).all():
        raise ValueError(f"dampings must be above threshold, {threshold:.3g}, got {dampings.min():.3g}")
    ax.plot(dampings - threshold, lengths, color="C0", label="‖(H + λI)⁻¹g‖")
    ax.plot(
        solved[0] - threshold, solved[1], "o", color="C1", markersize=6, label="trust region, by its radius"
    )
    ax.set(
        xscale="log", yscale="log", xlabel="λ above the least that is allowed", ylabel="length of the step"
    )
    legend_above(ax)
