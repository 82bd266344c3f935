"""Clipping on a cliff: choose a rule, drag the start, and see whether gradient descent is thrown."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.clipping_cliff import reference
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

RULE_NAMES = {
    "none": "no clipping",
    "value": "clipping by value",
    "norm": "clipping by norm",
    "rank_one": "the rank-one rule g/(λ + ‖g‖²)",
    "root": "its root g/√(λ + ‖g‖²)",
}


class ClippingCliff(StaticWidget):
    """θ ← θ − η·clipped(g) on the loss of a recurrent net, to be dragged: path, step lengths, angle, rule.

    The loss is (σ(x_T) − 0.7)² of x_t = wσ(x_{t−1}) + b after T = 50 steps from x_0 = 0.5, in the plane of
    θ = (w, b); it has the cliff of Pascanu, Mikolov and Bengio (2013).
    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        rule: ``none``, ``value`` (each component of g clipped to [−c, c]), ``norm`` (g·min(1, c/‖g‖)),
            ``rank_one`` (g/(λ + ‖g‖²), HNRC with the curvature ggᵀ) or ``root`` (g/√(λ + ‖g‖²)).
        threshold: c in [0.001, 10], of ``value`` and ``norm``.
        damping: λ in [0.0001, 100], of ``rank_one`` and ``root``.
        learning_rate: η in [0.001, 10].
        steps: at most this many, in [1, 200]; a run also ends where it leaves the plane.
        start: θ₀ in [2, 7] × [−4.4, 0.6].
        current: the step shown, counted from 1, at most the last.

    >>> cliff = ClippingCliff(rule="none")
    >>> cliff.run().left, cliff.run().thrown
    (True, 25)
    >>> cliff.threshold = 0
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: threshold must be a finite number in [0.001, 10], got 0
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Choose no clipping: the path glides down a plateau, meets the cliff, and one step throws it far out "
        "of the plane. Choose the norm: every step keeps its direction, none is longer than ηc, and the path "
        "settles in the valley; lower c until sixty steps no longer reach it. Choose the value: the path is "
        "safe too, but on the cliff the angle is no longer 0°, because both components are cut to the same "
        "c. Choose rank one and lower λ to 0.01: the longest step is η/(2√λ), taken not on the cliff but "
        "where ‖g‖ = √λ, so that a small λ throws the path on the gentle slope, before it meets the cliff. "
        "The root never exceeds η. Then drag the start along the cliff's upper edge, and watch how little "
        "decides whether the path without clipping is thrown."
    )

    rule = traits.Choice("norm", reference.RULES)
    threshold = traits.Number(0.2, 0.001, 10.0)
    damping = traits.Number(1.0, 0.0001, 100.0)
    learning_rate = traits.Number(1.0, 0.001, 10.0)
    steps = traits.Count(60, 1, 200)
    start = traits.Point((5.6, -2.0), reference.WINDOW)
    current = traits.Count(53, 1, 200)

    def run(self) -> reference.Run:
        """The descent that the page draws."""
        return reference.descend(self.state())

    def alt(self) -> str:
        """The state in words: the setting, whether the run is thrown, the same without clipping, one step."""
        run = self.run()
        k = min(self.current, len(run.moves))
        gradient, move = run.gradients[k - 1], run.moves[k - 1]
        norm = format_number(math.hypot(*gradient))
        turned = tell_angle(reference.angle(gradient, -move))
        without = ""
        if self.rule != "none":
            plain = reference.descend(self.state() | {"rule": "none"})
            without = f" Without clipping: {tell_outcome(plain)}"
        return (
            f"Clipping on a cliff: {self._setting()}. {tell_outcome(run)}{without} Step {k} starts at loss "
            f"{format_number(float(run.losses[k - 1]))} with ‖g‖ = {norm} and is "
            f"{format_number(float(run.lengths[k - 1]))} long, at {turned} to −g."
        )

    def _setting(self) -> str:
        numbers = [f"η = {format_number(self.learning_rate)}"]
        if self.rule in ("value", "norm"):
            numbers.insert(0, f"c = {format_number(self.threshold)}")
        elif self.rule != "none":
            numbers.insert(0, f"λ = {format_number(self.damping)}")
        start = ", ".join(format_number(x) for x in self.start)
        return (
            f"gradient descent with {RULE_NAMES[self.rule]}, {' and '.join(numbers)}, on the loss of a "
            f"recurrent net of one unit, 50 steps long, from (w, b) = ({start})"
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The views of the present state, as on the page."""
        from hnrc_lib.widgets.clipping_cliff.picture import draw

        return draw(self.state(), dark=dark)


def tell_angle(degrees: float) -> str:
    """An angle in the words of the page (``words.js``); rounding counts as 0°."""
    if math.isnan(degrees):
        return "no direction"
    return f"{format_number(0.0 if degrees < 1e-4 else degrees)}°"


def tell_outcome(run: reference.Run) -> str:
    """Whether a run was thrown, in the words of the page (``words.js``)."""
    last, end = len(run.moves), format_number(float(run.losses[-1]))
    leaving = f"the path left the plane at step {last} and is drawn to its edge"
    if run.thrown:
        length = format_number(float(run.lengths[run.thrown - 1]))
        flung = f"Thrown by step {run.thrown}, {length} long (over {reference.THROWN:g})"
        return f"{flung}; {leaving}." if run.left else f"{flung}; loss {end} at the end."
    longest = f"the longest step is {format_number(float(run.lengths.max()))}"
    if run.left:
        return f"Not thrown, {longest}, but {leaving}."
    return f"Not thrown: {longest}; loss {end} after step {last}."
