"""What the panel's controls say, and the training recipe that comes of it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.recipes import make_recipe

_RECURRENT = {"model.num_layers": 1, "model.hidden_size": 64}
# Name on the panel to recipe, and what of it is changed so that a run takes a minute on two cores. None of
# them drops units at random, which second derivatives do not allow.
MODELS = {
    "CNN": ("digits-cnn", {}),
    "LSTM": ("digits-lstm", _RECURRENT),
    "Elman network": ("digits-drnn", _RECURRENT),
}
# Name on the panel to the learning rate it begins with.
OPTIMIZERS = {"HNRC, rank 8": 0.05, "SGD with momentum": 0.05, "AdamW": 0.005}
DAMPINGS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
CLIPS = (math.inf, 10.0, 5.0, 2.0, 1.0, 0.5, 0.1)
DECAYS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
_MOMENTUM = 0.9
_CURVATURE = {"rank": 8, "refresh": 20, "matrix": "ggn", "safeguard": "none"}


@dataclass(frozen=True)
class PanelSettings:
    """One state of the panel's controls.

    Attributes:
        model: a key of ``MODELS``.
        optimizer: a key of ``OPTIMIZERS``.
        rate: η > 0. HNRC steps with α = ηλ, so that λ alone says how much curvature counts; the others
            step with η.
        damping: λ > 0; only HNRC has one.
        clip: greatest norm of the gradient, > 0; infinity clips nothing.
        decay: of the weights, per unit of η, ≥ 0; biases and gains are exempt. SGD adds it to the gradient,
            divided by the ten steps over which momentum sums; the others shrink the weights beside the step.
        epochs: passes through the training utterances, 1 … 50.
        seed: of weights and order.

    Raises:
        ValueError: a value out of range; names it.

    >>> PanelSettings(damping=0.0)
    Traceback (most recent call last):
        ...
    ValueError: damping must be a positive number, got 0.0
    """

    model: str = "CNN"
    optimizer: str = "HNRC, rank 8"
    rate: float = 0.05
    damping: float = 3.0
    clip: float = math.inf
    decay: float = 0.0
    epochs: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (("model", MODELS), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        for name in ("rate", "damping"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be a positive number, got {value}")
        if not self.clip > 0:
            raise ValueError(f"clip must be positive, got {self.clip}")
        if not (self.decay >= 0 and math.isfinite(self.decay)):
            raise ValueError(f"decay must not be negative, got {self.decay}")
        if not 1 <= self.epochs <= 50:
            raise ValueError(f"epochs must lie in 1 … 50, got {self.epochs}")

    @property
    def is_damped(self) -> bool:
        """Whether the optimiser has a λ."""
        return self.optimizer.startswith("HNRC")

    def title(self) -> str:
        """The settings in a line.

        >>> PanelSettings(clip=5.0).title()
        'CNN, HNRC, rank 8, η 0.05, λ 3, clip 5, no decay, seed 0'
        """
        parts = [self.model, self.optimizer, f"η {self.rate:.3g}"]
        if self.is_damped:
            parts.append(f"λ {self.damping:g}")
        return ", ".join([*parts, clip_and_decay(self.clip, self.decay), f"seed {self.seed}"])

    def recipe(self, size: str = "quick") -> Recipe:
        """The training run: no augmentation, batches of 64, η falling linearly to 0.

        Args:
            size: ``"quick"`` trains on the shipped digits; ``"colab"`` and ``"full"`` on FSDD with a speaker
                held out, which must be there.

        >>> recipe = PanelSettings(optimizer="AdamW", rate=0.01, clip=2.0).recipe()
        >>> recipe.corpus, recipe.optimizer, recipe.learning_rate, recipe.clip
        ('digits', 'adamw', 0.01, 2.0)
        """
        name, changed = MODELS[self.model]
        changes: dict[str, Any] = {
            **changed,
            "batch_size": 64,
            "max_epochs": self.epochs,
            "average_last": 0,
            "schedule": "linear",
            "clip": None if math.isinf(self.clip) else self.clip,
            "seed": self.seed,
            **self._optimizer(),
        }
        return dataclasses.replace(make_recipe(name, size, changes), augmentation=Augmentation())

    def _optimizer(self) -> dict[str, Any]:
        """Fields of the recipe that the optimiser decides."""
        if self.optimizer == "AdamW":
            return {"optimizer": "adamw", "learning_rate": self.rate, "weight_decay": self.decay}
        if self.is_damped:
            return {
                "optimizer": "hnrc",
                "learning_rate": self.rate * self.damping,
                "weight_decay": self.decay / self.damping,
                "optimizer_options": {"momentum": _MOMENTUM, "damping": self.damping, **_CURVATURE},
            }
        return {
            "optimizer": "sgd",
            "learning_rate": self.rate,
            "weight_decay": self.decay * (1 - _MOMENTUM),
            "optimizer_options": {"momentum": _MOMENTUM},
        }


def clip_and_decay(clip: float, decay: float) -> str:
    """Both in words.

    >>> clip_and_decay(math.inf, 0.1)
    'unclipped, decay 0.1'
    """
    clipped = "unclipped" if math.isinf(clip) else f"clip {clip:g}"
    return f"{clipped}, " + (f"decay {decay:g}" if decay else "no decay")
