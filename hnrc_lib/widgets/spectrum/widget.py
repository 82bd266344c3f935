"""The spectrum viewer: scrub through training, drag λ, and see what part of the spectrum it drowns."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hnrc_lib._shapes import Float
from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.spectrum import reference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

RECORD = "fsdd_hessian"
MOST_STAGES = 64
GREATEST_DAMPING = 10.0
FIRST_DAMPING = 0.01
NUM_VECTORS, NUM_STEPS = 8, 30


class SpectrumViewer(StaticWidget):
    """The eigenvalues of a speech model's Hessian at several stages of its training, and a damping λ.

    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        record: with the arrays and scalars of ``fsdd_hessian``; the shipped one when left out.
        stage: which of the recorded stages, counted from 1; the last when left out.
        damping: λ in [0, 10].
        scale: of the eigenvalues' axis, ``symlog`` or ``linear``.
        source: of the density, ``exact`` (all eigenvalues) or ``lanczos`` (quadrature from random vectors).

    >>> viewer = SpectrumViewer(stage=1, damping=0.5)
    >>> viewer.inspect().indefinite > 0
    True
    >>> viewer.damping = -1
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: damping must be a finite number in [0, 10], got -1
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Drag λ to the right and watch the hatched band grow: a positive eigenvalue inside it keeps less "
        "than half of its Newton step, and most are inside long before the few large ones feel anything. "
        "Scrub back to epoch 0: nearly half of the spectrum is negative, and Optimal must raise λ to 0.809 "
        "before H + λI is positive definite; after sixty epochs 0.0177 is enough, while the largest "
        "eigenvalue has more than doubled. Set λ = 0: each negative eigenvalue keeps its whole step, up "
        "the hill. Set λ a little below or above Optimal: near −λ the factor shoots off to either side, "
        "the reason why a λ that only just suffices is a bad one. Choose Linear: all but a few eigenvalues "
        "melt into one spike. Choose Lanczos, whose 240 nodes come from products with eight random "
        "vectors: on the linear axis they draw nearly the same curve, on the logarithmic one they cannot "
        "tell the small eigenvalues apart."
    )

    stage = traits.Count(1, 1, MOST_STAGES)
    damping = traits.Number(FIRST_DAMPING, 0.0, GREATEST_DAMPING)
    scale = traits.Choice("symlog", reference.SCALES)
    source = traits.Choice("exact", reference.SOURCES)
    eigenvalues = traits.Packed("float32", 2)
    nodes = traits.Packed("float32", 2)
    weights = traits.Packed("float32", 2)
    epochs = traits.Packed("float32", 2)
    caption = traits.Text("", r"[\s\S]*", "a text")

    def __init__(self, record: Record | None = None, **state: Any) -> None:
        shown = load_record(RECORD) if record is None else record
        exact, stages = shown.arrays["eigenvalues"], shown.scalars["stages"]
        nodes, weights = lanczos_quadratures(exact)
        super().__init__(
            **{
                "eigenvalues": exact,
                "nodes": nodes,
                "weights": weights,
                "epochs": np.array([[stage["epoch"], stage["loss"]] for stage in stages]),
                "stage": len(stages),
                "caption": shown.caption(),
                **state,
            }
        )

    def index(self) -> int:
        """The present stage, counted from 0; the last where ``stage`` is beyond it."""
        return min(self.stage, len(self.numbers("epochs"))) - 1

    def quadrature(self) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
        """Nodes and weights of the density that is shown."""
        if self.source == "lanczos":
            return self.numbers("nodes")[self.index()], self.numbers("weights")[self.index()]
        exact = self.numbers("eigenvalues")[self.index()]
        return exact, np.full(len(exact), 1 / len(exact))

    def curve(self) -> Float[np.ndarray, "points two"]:
        """The density over the axis: places and values."""
        domain = reference.axis_domain(self.numbers("eigenvalues"), self.scale)
        return reference.curve(*self.quadrature(), self.scale, domain)

    def inspect(self) -> reference.Inspection:
        """What the page says of the present stage's eigenvalues under λ."""
        return reference.inspect(self.numbers("eigenvalues")[self.index()], self.damping)

    def alt(self) -> str:
        """The state in words: the stage, the spectrum's ends, what λ drowns, and whether it suffices."""
        epoch, loss = self.numbers("epochs")[self.index()]
        found, size = self.inspect(), self.numbers("eigenvalues").shape[1]
        verdict = (
            f"H + λI is positive definite with condition number {format_number(found.condition)}"
            if found.condition is not None
            else f"H + λI is not positive definite: eigenvalues at or below 0: {found.indefinite}; λ must "
            f"exceed {format_number(found.needed)}"
        )
        return (
            f"Density of the {size} eigenvalues of a speech model's Hessian after epoch "
            f"{format_number(epoch)}, where the loss is {format_number(loss)}, on a {self.scale} axis from "
            f"{format_number(found.smallest)} to {format_number(found.largest)}; {found.negative} are "
            f"negative. A damping of λ = {format_number(self.damping)} drowns "
            f"{format_number(100 * found.drowned)} % of them: they lie within ±λ, where a positive one "
            f"keeps less than half of Newton's step. {verdict}."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The density and what λ leaves of each step, as on the page."""
        from hnrc_lib.widgets.spectrum.picture import draw

        return draw(self, dark=dark)


def lanczos_quadratures(
    eigenvalues: Float[np.ndarray, "stages n"],
) -> tuple[Float[np.ndarray, "stages nodes"], Float[np.ndarray, "stages nodes"]]:
    """Lanczos quadratures of spectra: the nodes of all vectors of a stage, and weights, which sum to 1.

    A Gaussian vector looks the same from every basis, so the run on the diagonal matrix of the eigenvalues
    has the distribution of one on the Hessian itself.

    Args:
        eigenvalues: of each stage, shape (stages, n).
    """
    import torch

    from hnrc_lib.linalg import DenseOperator, lanczos

    found = []
    for row in eigenvalues:
        generator = torch.Generator().manual_seed(0)
        starts = torch.randn(len(row), NUM_VECTORS, generator=generator, dtype=torch.float64)
        matrix = DenseOperator(torch.from_numpy(np.asarray(row, dtype=np.float64)).diag())
        runs = lanczos(matrix, NUM_STEPS, vectors=starts).tridiagonals
        ritz = [run.ritz() for run in runs]
        nodes = torch.cat([values for values, _, _ in ritz])
        weights = torch.cat([coordinates[0] ** 2 for _, coordinates, _ in ritz]) / NUM_VECTORS
        found.append((nodes.numpy(), weights.numpy()))
    size = max(len(nodes) for nodes, _ in found)
    padded = [[np.pad(values, (0, size - len(values))) for values in pair] for pair in found]
    return np.stack([nodes for nodes, _ in padded]), np.stack([weights for _, weights in padded])
