"""What a training run is made of, and how a command line changes it."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hnrc_lib.audio import FrontEnd
from hnrc_lib.optim.clipping import make_clipping
from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.hybrid.config import HybridConfig
from hnrc_lib.training.optimizers import check_optimizer

TASKS = ("classify", "ctc", "ctc-words", "frames")
SIZES = ("quick", "colab", "full")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run besides the device and where it is written.

    Attributes:
        name: for example ``"an4-ctc"``.
        size: ``"quick"`` (a CPU, about a minute), ``"colab"`` (a T4) or ``"full"``.
        corpus: of ``corpora.CORPORA``.
        task: ``"classify"`` (one word), ``"ctc"`` (a text by characters), ``"ctc-words"`` (by words) or
            ``"frames"`` (the state of a hidden Markov model at every frame).
        architecture: of ``hnrc_lib.models.ARCHITECTURES``.
        front_end: from waveform to features.
        model: arguments of the architecture besides numbers of features, frames and outputs.
        augmentation: how training spectra stray.
        held_out: speaker who is tested and never trained on, where the corpus leaves one out.
        optimizer: name that ``make_optimizer`` takes.
        optimizer_options: further arguments of the optimiser.
        learning_rate: η at its peak, > 0.
        weight_decay: as the optimiser understands it, ≥ 0; biases and gains are exempt.
        clip: a rule of ``make_clipping`` for the gradient, a number its greatest norm; None never clips.
        batch_size: utterances of a step, over all processes, > 0.
        max_epochs: passes through the training part, > 0.
        schedule: ``"constant"``, ``"cosine"`` or ``"linear"``, after a warm-up of a tenth.
        patience: epochs without a lower validation error after which training stops; None never does.
        average_last: epochs, counted from the last, whose final weights are averaged and kept; 0 keeps those
            that validate best.
        train_limit: utterances of the training part that are used, in its order; None uses all.
        precision: ``"float32"``, ``"bfloat16"``, ``"float16"`` (with a scaled loss), or ``"auto"``: by the
            card's compute capability, float32 on a CPU.
        seed: of weights, order, augmentation and dropout.
        hybrid: the hidden Markov model of task ``"frames"``; None with the others.

    Raises:
        ValueError: a value out of range; names it.
        TypeError: an option that the optimiser does not have.
    """

    name: str
    size: str
    corpus: str
    task: str
    architecture: str
    front_end: FrontEnd
    model: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)
    held_out: str | None = None
    optimizer: str = "adamw"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    clip: float | str | None = 1.0
    batch_size: int = 32
    max_epochs: int = 30
    schedule: str = "cosine"
    patience: int | None = None
    average_last: int = 0
    train_limit: int | None = None
    precision: str = "auto"
    seed: int = 0
    hybrid: HybridConfig | None = None

    def __post_init__(self) -> None:
        for name, known in (("size", SIZES), ("task", TASKS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("batch_size", "max_epochs", "patience", "train_limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be positive, got {value}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        make_clipping(self.clip)
        check_optimizer(self.optimizer, self.optimizer_options)
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, got {self.weight_decay}")
        if (self.hybrid is not None) != (self.task == "frames"):
            got = f"{self.hybrid} with {self.task!r}"
            raise ValueError(f"hybrid must be given with task 'frames', and None with the others, got {got}")
        if not 0 <= self.average_last <= self.max_epochs:
            raise ValueError(f"average_last must lie in 0 … {self.max_epochs}, got {self.average_last}")
        if self.average_last and self.patience is not None:
            raise ValueError(f"patience must be None with average_last, got {self.patience}")

    def as_dict(self) -> dict[str, Any]:
        """All fields as JSON holds them; no hidden Markov model where there is none."""
        fields = dataclasses.asdict(self)
        if self.hybrid is None:
            del fields["hybrid"]
        return json.loads(json.dumps(fields))


def change(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with some fields changed; nested ones are named with a dot.

    Args:
        recipe: to start from.
        changes: for example ``{"learning_rate": "1e-3", "model.hidden_size": "64", "clip": "none"}``; texts
            are read as the field's own type.

    Raises:
        ValueError: no such field, or a text that is not of its type; names it.

    >>> recipe = Recipe("r", "quick", "digits", "classify", "LSTM", FrontEnd(8000))
    >>> changed = change(recipe, {"model.hidden_size": "8", "augmentation.speed": "0.1", "clip": "none"})
    >>> changed.model, changed.augmentation.speed, changed.clip
    ({'hidden_size': 8}, 0.1, None)
    """
    return _changed(recipe, {name: (name.split("."), value) for name, value in changes.items()})


def _changed(target: Any, changes: Mapping[str, tuple[list[str], Any]]) -> Any:
    """A dataclass or mapping with all changes made at once, as fields may only fit together.

    Args:
        target: what to change.
        changes: full name of each field, the path to it from here, its new value.
    """
    if isinstance(target, Mapping):
        deep = [name for name, (path, _) in changes.items() if len(path) > 1]
        if deep:
            raise ValueError(f"{deep[0]} must name a field of the recipe, got one inside an option")
        return {**target, **{path[0]: _free(value) for path, value in changes.values()}}
    hints, fields = typing.get_type_hints(type(target)), {}
    for name, (path, value) in changes.items():
        head, rest = path[0], path[1:]
        if head not in hints:
            known = f"{type(target).__name__} has {sorted(hints)}"
            raise ValueError(f"{name} must name a field of the recipe; {known}")
        if not rest:
            fields[head] = _typed(value, hints[head], name)
        elif head not in fields:
            inside = {n: (p[1:], v) for n, (p, v) in changes.items() if p[0] == head and len(p) > 1}
            fields[head] = _changed(getattr(target, head), inside)
    return dataclasses.replace(target, **fields)


def _free(value: Any) -> Any:
    """A text as JSON reads it, else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _typed(value: Any, hint: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if type(None) in kinds and value.lower() == "none":
        return None
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(value)
            except ValueError as error:
                if str in kinds:
                    return value
                raise ValueError(f"{name} must be of type {kind.__name__}, got {value!r}") from error
    if bool in kinds:
        if value.lower() not in ("true", "false"):
            raise ValueError(f"{name} must be true or false, got {value!r}")
        return value.lower() == "true"
    if str in kinds:
        return value
    if typing.get_origin(hint) is tuple:
        return tuple(_free(f"[{value}]"))
    raise ValueError(f"{name} cannot be set from text; set its own fields, such as {name}.FIELD")
