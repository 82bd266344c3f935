"""What damping does: to one eigenvalue, to the direction and length of a step, to the loss it saves."""

from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from hnrc_lib._shapes import Bool, Float
from hnrc_lib.plotting.legends import legend_above


def draw_damping_curve(
    ax: Axes,
    curvatures: Float[np.ndarray, " n"],
    dampings: Float[np.ndarray, " m"],
    *,
    quantity: Literal["fraction", "inverse"] = "fraction",
) -> None:
    """How H + λI treats one eigenvalue h, one line per λ.

        fraction: h/(h + λ), the share of Newton's step that is left
        inverse:  1/(h + λ), the factor on the gradient; the dashed line is Newton's 1/h

    Args:
        ax: where to draw.
        curvatures: h, ascending; with negative ones the axis is symmetric, and each line breaks at its
            pole h = −λ.
        dampings: λ > 0, a line each.
        quantity: ``"fraction"`` or ``"inverse"``.

    Raises:
        ValueError: curvatures do not ascend, a damping is not positive, another quantity.
    """
    if quantity not in ("fraction", "inverse"):
        raise ValueError(f"quantity must be 'fraction' or 'inverse', got {quantity!r}")
    if not (np.diff(curvatures) > 0).all():
        raise ValueError("curvatures must ascend")
    if not (dampings > 0).all():
        raise ValueError(f"dampings must be positive, got {dampings.min()}")
    for damping in dampings:
        h, shifted = _broken_at_pole(curvatures, float(damping))
        values = h / shifted if quantity == "fraction" else 1 / shifted
        ax.plot(h, values, label=f"λ = {damping:.3g}")
    positive = curvatures[0] > 0
    if quantity == "inverse":
        h, shifted = _broken_at_pole(curvatures, 0.0)
        ax.plot(h, 1 / shifted, "--", color=mpl.rcParams["text.color"], linewidth=1, label="Newton, λ = 0")
        scale, threshold = ("log", {}) if positive else ("symlog", {"linthresh": 1 / float(dampings.max())})
        ax.set_yscale(scale, **threshold)
    if positive:
        ax.set_xscale("log")
    else:
        ax.set_xscale("symlog", linthresh=float(dampings.min()))
        if quantity == "fraction":
            ax.set_ylim(-3, 3)  # the poles would flatten everything else
    ax.set_xlabel("curvature h")
    ax.set_ylabel("h/(h + λ)" if quantity == "fraction" else "1/(h + λ)")
    legend_above(ax, columns=2)


def _broken_at_pole(curvatures: np.ndarray, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """h and h + λ, with NaN put between the neighbours of h = −λ, or in place of it."""
    h = curvatures.astype(np.float64)
    shifted = h + damping
    at_pole = np.abs(shifted) <= 1e-12 * (np.abs(h) + damping)  # a sample on it, but for rounding
    shifted[at_pole] = np.nan
    crossing = np.nonzero((shifted[:-1] < 0) & (shifted[1:] > 0))[0] + 1
    h = np.insert(h, crossing, -damping)
    shifted = np.insert(shifted, crossing, np.nan)
    return h, shifted


def draw_step_limits(
    angle_ax: Axes,
    length_ax: Axes,
    damping: Float[np.ndarray, " n"],
    angle_to_gradient: Float[np.ndarray, " n"],
    angle_to_newton: Float[np.ndarray, " n"],
    length: Float[np.ndarray, " n"],
    *,
    gradient_norm: float,
    newton_length: float,
    positive_definite: Bool[np.ndarray, " n"],
) -> None:
    """The step −(H + λI)⁻¹g between its two limits, as λ grows.

    Left its angle to Newton's step −H⁻¹g and to −g, right its length with the asymptotes ‖H⁻¹g‖ and
    ‖g‖/λ. Where H + λI is not positive definite the background is hatched.

    Args:
        angle_ax: axes for the angles.
        length_ax: axes for the lengths.
        damping: λ > 0, ascending.
        angle_to_gradient: degrees between step and −g.
        angle_to_newton: degrees between step and Newton's step.
        length: ‖step‖.
        gradient_norm: ‖g‖ > 0.
        newton_length: ‖H⁻¹g‖ > 0.
        positive_definite: of H + λI.

    Raises:
        ValueError: the dampings are not positive and ascending.
    """
    _check_ascending(damping)
    ink = mpl.rcParams["text.color"]
    angle_ax.plot(damping, angle_to_newton, color="C0", label="to Newton's step")
    angle_ax.plot(damping, angle_to_gradient, color="C1", label="to −gradient")
    angle_ax.axhline(90, color=ink, linewidth=0.8, linestyle=":")
    angle_ax.set_ylim(0, 185)
    angle_ax.set_yticks([0, 45, 90, 135, 180])
    angle_ax.set_ylabel("angle of the step (degrees)")
    length_ax.plot(damping, length, color="C2", label="step")
    length_ax.plot(damping, gradient_norm / damping, "--", color="C1", linewidth=1, label="‖g‖/λ")
    length_ax.axhline(newton_length, linestyle="--", color="C0", linewidth=1, label="Newton's step")
    length_ax.set_yscale("log")
    seen = np.concatenate([length[np.isfinite(length) & (length > 0)], [newton_length]])
    length_ax.set_ylim(seen.min() / 2, seen.max() * 2)
    length_ax.set_ylabel("length of the step")
    for ax in (angle_ax, length_ax):
        _finish_damping_axis(ax, damping, positive_definite)


def draw_reductions(
    ax: Axes,
    damping: Float[np.ndarray, " n"],
    predicted: Float[np.ndarray, " n"],
    actual: Float[np.ndarray, " n"],
    *,
    positive_definite: Bool[np.ndarray, " n"],
    threshold: float = 1e-3,
) -> None:
    """By how much a step lowers the loss, as the quadratic model says and as measured, against λ.

    Args:
        ax: where to draw.
        damping: λ > 0, ascending.
        predicted: reduction promised by the model; negative where it promises a rise.
        actual: L(θ) − L(θ + s).
        positive_definite: of H + λI; elsewhere the background is hatched.
        threshold: reductions smaller than this are on a linear scale.

    Raises:
        ValueError: the dampings are not positive and ascending.
    """
    _check_ascending(damping)
    ax.plot(damping, predicted, color="C0", linestyle="--", label="predicted")
    ax.plot(damping, actual, color="C1", label="measured")
    ax.axhline(0, color=mpl.rcParams["text.color"], linewidth=0.8)
    ax.set_yscale("symlog", linthresh=threshold)
    ax.set_ylabel("reduction of the loss")
    _finish_damping_axis(ax, damping, positive_definite)


def _check_ascending(damping: np.ndarray) -> None:
    if not (damping > 0).all() or not (np.diff(damping) > 0).all():
        raise ValueError("damping must be positive and ascend")


def _finish_damping_axis(ax: Axes, damping: np.ndarray, positive_definite: np.ndarray) -> None:
    ax.set_xscale("log")
    ax.set_xlim(damping[0], damping[-1])
    ax.set_xlabel("damping λ")
    failing = np.nonzero(~positive_definite)[0]
    if failing.size:
        # A larger λ only helps, so the region reaches from the left up to the last failure.
        until = float(damping[min(failing[-1] + 1, len(damping) - 1)])
        span = ax.axvspan(float(damping[0]), until, label="H + λI not positive definite")
        span.set(facecolor="none", edgecolor=mpl.rcParams["text.color"], hatch="///", alpha=0.6, linewidth=0)
    legend_above(ax)
