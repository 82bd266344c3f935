"""The inverse as a picture: drag g and λ, see what (H + λI)⁻¹ does to a circle and to a step."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.inverse_picture import reference, words
from hnrc_lib.widgets.number_format import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent


class InversePicture(StaticWidget):
    """−(H + λI)⁻¹g and −(λI + H₁)⁻¹g in two parameters, and their lengths beside a norm clip's.

    The unit circle becomes an ellipse with the semi-axes 1/|hᵢ + λ|; H₁ = HggᵀH/(gᵀHg) changes the circle of
    radius 1/λ along Hg alone. With ggᵀ in place of H the inverse normalises the gradient: g/(λ + ‖g‖²).
    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        eigenvalues: (h₁, h₂) of H, each in [−2, 4].
        rotation: of e₁, the eigenvector of h₁, in degrees, in [−180, 180].
        damping: λ in [0, 8].
        gradient: g in [−2, 2]².

    >>> picture = InversePicture(eigenvalues=[2.0, -0.5], damping=0.5)
    >>> picture.inverse().kind
    'singular'
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Raise λ: the blue ellipse shrinks and rounds, the flat direction first, and the damped step turns "
        "towards −g. Then set h₂ = −0.5 and lower λ past 0.5: the ellipse opens to a strip where H + λI is "
        "singular, and beyond it the inverse turns e₂ round, so that the step may go uphill. Drag −g along "
        "e₁ and then away from it: the green ellipse follows Hg, along which alone it leaves the circle of "
        "radius 1/λ; lower λ, and the rank-one step grows like 1/λ instead of becoming Newton's. On the "
        "right, lengthen g: both curvature steps grow in proportion, g/(λ + ‖g‖²) falls past its peak at √λ, "
        "and g/√(λ + ‖g‖²) levels off at 1, as a norm clip does without the corner."
    )

    eigenvalues = traits.Point(reference.FIRST["eigenvalues"], reference.EIGENVALUES)
    rotation = traits.Number(reference.FIRST["rotation"], -180.0, 180.0)
    damping = traits.Number(reference.FIRST["damping"], 0.0, reference.LARGEST_DAMPING)
    gradient = traits.Point(reference.FIRST["gradient"], reference.GRADIENTS)

    def inverse(self) -> reference.InverseMap:
        """(H + λI)⁻¹ and its step."""
        return reference.damped_map(self.state())

    def rank_one_inverse(self) -> reference.InverseMap:
        """(λI + H₁)⁻¹ and its step."""
        return reference.rank_one_map(self.state())

    def alt(self) -> str:
        """The state in words: the gradient, both inverses, both steps, and the normalised lengths."""
        state = self.state()
        first, second = (format_number(h) for h in self.eigenvalues)
        lengths = reference.step_lengths(state, float(sum(x * x for x in self.gradient)) ** 0.5)
        normalised, smooth, clipped = (
            format_number(float(lengths[name])) for name in ("normalised", "smooth", "clipped")
        )
        return (
            f"Inverse as a picture: H with the eigenvalues {first} and {second}, e₁ at "
            f"{format_number(self.rotation)}°. {words.tell_state(state)} {words.tell_damped(state)} "
            f"{words.tell_rank_one(state)} At this ‖g‖, g/(λ + ‖g‖²) is {normalised} long, "
            f"g/√(λ + ‖g‖²) {smooth}, and the norm clip {clipped}."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The two views of the present state, as on the page."""
        from hnrc_lib.widgets.inverse_picture.picture import draw

        return draw(self.state(), dark=dark)
