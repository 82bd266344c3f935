"""The sweep explorer: damping × decay × clipping, the curves of every combination, and what it misreads."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hnrc_lib._shapes import Float, Int
from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.paths import shipped
from hnrc_lib.widgets import traits
from hnrc_lib.widgets.base import StaticWidget
from hnrc_lib.widgets.number_format import format_number
from hnrc_lib.widgets.packed import unpack_array
from hnrc_lib.widgets.sweep import reference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FOLDER = Path(__file__).resolve().parent

RECORD = "sweep"
MOST = 16
MISSING = -1.0  # in packed numbers: a run had diverged; on an axis: infinity
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class SweepExplorer(StaticWidget):
    """Recorded trainings at every combination of damping, decay and clipping.

    Every trait is synchronised with the page; a value out of bounds raises ``TraitError`` with its name.

    Args:
        record: with the arrays and scalars of ``sweep``; the shipped one when left out.
        damping: place of the chosen λ on the record's axis, counted from 1; beyond its end, the last.
        decay: place of the chosen decay.
        clip: place of the chosen threshold of the gradient's norm.
        measure: by which the matrix is coloured, ``loss`` (of training) or ``error`` (of testing).
        pinned: the places of a combination that is kept for comparison; zeros for none.

    >>> explorer = SweepExplorer(damping=2, clip=16)
    >>> explorer.places()
    (1, 0, 2)
    >>> explorer.damping = 0
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: damping must be an integer in [1, 16], got 0
    """

    module: ClassVar[Path] = _FOLDER / "widget.js"
    styles: ClassVar[tuple[Path, ...]] = (_FOLDER / "widget.css",)
    what_to_try: ClassVar[str] = (
        "Each cell is a way to train the same network on the same spoken digits, three times from three "
        "seeds; click one, or move with the arrow keys. Without decay, go from no clipping to a threshold of "
        "5: in every row the loss ends lower, though nothing would have diverged without it. Go on to a "
        "threshold of 1: nearly every step is clipped and the runs fall behind again. Pin a cell and go "
        "down the column: rows differ less than columns, and often by less than the seeds do, which the "
        "shaded band shows. Move decay to 1: the weights shrink faster than the loss can, and every cell "
        "ends higher. Switch to Test error: the order of the cells is another one, since the tested "
        "speaker was never heard. At last listen: under the curves are the digits of four synthetic voices "
        "that the chosen runs misread, with what each seed heard instead."
    )

    damping = traits.Count(1, 1, MOST)
    decay = traits.Count(1, 1, MOST)
    clip = traits.Count(1, 1, MOST)
    measure = traits.Choice("loss", reference.MEASURES)
    pinned = traits.Point((0, 0, 0), ((0, MOST),) * 3)
    axis_damping = traits.Packed("float32", 1)
    axis_decay = traits.Packed("float32", 1)
    axis_clip = traits.Packed("float32", 1)
    steps = traits.Packed("float32", 1)
    train_loss = traits.Packed("float32", 5)
    test_error = traits.Packed("float32", 5)
    grad_norm = traits.Packed("float32", 5)
    clipped = traits.Packed("float32", 4)
    heard = traits.Packed("int8", 5)
    digits = traits.Packed("int8", 1)
    sounds = traits.Packed("uint8", 1)
    lengths = traits.Packed("int16", 1)
    titles = traits.Text("", r"[\s\S]*", "a text")
    caption = traits.Text("", r"[\s\S]*", "a text")

    def __init__(self, record: Record | None = None, **state: Any) -> None:
        shown = load_record(RECORD) if record is None else record
        arrays, names = shown.arrays, shown.scalars["clip_names"]
        codes = [reference.to_mu_law(_sound(name)) for name in names]
        curves = {name: _packable(arrays[name]) for name in ("train_loss", "test_error", "grad_norm")}
        axes = {f"axis_{name}": _packable(arrays[name]) for name in ("damping", "decay", "clip")}
        digits = shown.scalars["clip_digits"]
        super().__init__(
            **{
                **curves,
                **axes,
                **{name: arrays[name] for name in ("steps", "clipped", "heard")},
                "digits": np.array(digits),
                "sounds": np.concatenate(codes),
                "lengths": np.array([len(code) for code in codes]),
                "titles": "\n".join(_titles(names, digits)),
                "caption": shown.caption(),
                **state,
            }
        )

    def numbers(self, name: str) -> np.ndarray:
        """A packed trait as float64, NaN or, on an axis, infinity where it is below zero."""
        values = super().numbers(name)
        return np.where(values < 0, np.inf if name.startswith("axis") else np.nan, values)

    def places(self) -> tuple[int, int, int]:
        """Damping, decay and clipping that are chosen, counted from 0."""
        sizes = self.numbers("clipped").shape[:3]
        chosen = (self.damping, self.decay, self.clip)
        row, layer, column = (min(one, size) - 1 for one, size in zip(chosen, sizes, strict=True))
        return row, layer, column

    def summary(self, name: str) -> reference.Summary:
        """Mean and spread of ``train_loss``, ``test_error`` or ``grad_norm`` of the chosen runs."""
        return reference.summarise(self.numbers(name)[self.places()])

    def finals(self) -> Float[np.ndarray, "dampings decays clips"]:
        """The mean at the end of what the matrix is coloured by; NaN where every run diverged."""
        values = self.numbers("train_loss" if self.measure == "loss" else "test_error")[..., -1]
        by_seed = values.reshape(-1, values.shape[-1]).T
        return reference.summarise(by_seed).mean.reshape(values.shape[:-1])

    def heard_by_seed(self) -> Int[np.ndarray, "seeds clips"]:
        """What the chosen runs heard; −1 throughout where one diverged."""
        return unpack_array(self.heard)[self.places()].astype(int)

    def describe(self) -> str:
        """The chosen combination in words."""
        damping, decay, clip = (
            float(self.numbers(f"axis_{name}")[place])
            for name, place in zip(("damping", "decay", "clip"), self.places(), strict=True)
        )
        first = "no damping (λ = ∞)" if np.isinf(damping) else f"λ = {format_number(damping)}"
        last = "no clipping" if np.isinf(clip) else f"clipped at {format_number(clip)}"
        return f"{first}, decay {format_number(decay)}, {last}"

    def alt(self) -> str:
        """The state in words: the combination, how its runs end, how many diverged, what they misread."""
        loss, error = self.summary("train_loss"), self.summary("test_error")
        diverged = int(np.isnan(self.numbers("train_loss")[self.places()][:, -1]).sum())
        wrong = reference.mean_misread(self.heard_by_seed(), unpack_array(self.digits))
        clipped = float(self.numbers("clipped")[self.places()].mean())
        return (
            f"A matrix of trainings, dampings by clippings. Chosen: {self.describe()}. Over "
            f"{self.numbers('clipped').shape[3]} seeds the training loss ends at "
            f"{format_number(loss.mean[-1])} ({format_number(loss.low[-1])} to "
            f"{format_number(loss.high[-1])}) and the test error at "
            f"{format_number(100 * error.mean[-1])} %; {format_number(100 * clipped)} % of the steps are "
            f"clipped, runs that diverged: {diverged}, clips misread on average: {format_number(wrong)}."
        )

    def figure(self, *, dark: bool = False) -> "Figure":
        """The matrix and the loss of the chosen runs, as on the page."""
        from hnrc_lib.widgets.sweep.picture import draw

        return draw(self, dark=dark)


def _packable(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, MISSING)


def _sound(name: str) -> Float[np.ndarray, " time"]:
    """A shipped digit with its greatest sample at full scale, so that eight bits go far."""
    from hnrc_lib.audio import load_audio

    samples = load_audio(shipped("digits", "audio", f"{name}.flac")).samples.double().numpy()
    return samples / np.abs(samples).max()


def _titles(names: list[str], digits: list[int]) -> list[str]:
    """What the reader sees of each clip: the word and the voice."""
    voices = [name.partition("/")[0].partition("-")[2].capitalize() for name in names]
    return [f"“{WORDS[digit]}”, {voice}" for voice, digit in zip(voices, digits, strict=True)]
