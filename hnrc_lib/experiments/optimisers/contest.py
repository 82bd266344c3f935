"""The tasks and the methods of the comparison, and the settings that are tuned."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hnrc_lib.experiments.optimisers.track import Budget
from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.recipe import Recipe
from hnrc_lib.training.recipes import make_recipe

# Clipping is a tuned choice of every method.
_CLIPS = (None, 1.0, 5.0)


@dataclass(frozen=True)
class Contest:
    """A task: what is trained, and for how long.

    Attributes:
        name: for file names.
        title: for figures.
        recipe: whose model, front end and corpus are taken; nothing is augmented, the rate falls linearly.
        changes: of its fields.
        steps: of a run.
    """

    name: str
    title: str
    recipe: str
    changes: Mapping[str, Any]
    steps: int

    def budget(self, method: "Method") -> Budget:
        """The method's share of the steps, in its seconds at most."""
        return Budget(round(self.steps * method.share), seconds=method.seconds)

    def on_split(self, held_out: str | None) -> Recipe:
        """The recipe with a speaker held out."""
        made = make_recipe(self.recipe, "quick", {**self.changes, "held_out": held_out or "none"})
        return replace(made, augmentation=Augmentation(), average_last=0, schedule="linear")


CONTESTS = {
    contest.name: contest
    for contest in (
        Contest("cnn", "digits, CNN", "digits-cnn", {"corpus": "fsdd", "batch_size": 64}, 80),
        Contest(
            "lstm",
            "digits, LSTM",
            "digits-lstm",
            {"corpus": "fsdd", "batch_size": 64, "model.num_layers": 1, "model.hidden_size": 64},
            80,
        ),
        Contest(
            "ctc",
            "connected digits, CTC",
            "connected-digits-ctc",
            {
                "corpus": "connected-fsdd",
                "batch_size": 16,
                "model.num_layers": 1,
                "model.hidden_size": 64,
                "model.dropout": 0.0,
            },
            160,
        ),
        Contest("quick", "shipped digits, CNN", "digits-cnn", {"batch_size": 64}, 30),
    )
}
RECORDED = ("cnn", "lstm", "ctc")


@dataclass(frozen=True)
class Method:
    """An optimiser and what of it is tuned.

    Attributes:
        name: for file names.
        title: for figures.
        optimizer: name that ``make_optimizer`` takes.
        rate: least and greatest learning rate, on a logarithmic scale.
        fixed: options that stay.
        tuned: further options, name to (least, greatest) on a logarithmic scale, or a tuple of
            texts to choose from.
        share: of the task's steps that a run takes, for a method whose steps cost more, or a control.
        seconds: of CPU time that a run takes at most.
        damped_rate: the rate is multiplied by the damping: α = ηλ, so that η is the rate of gradient descent
            where there is no curvature.
    """

    name: str
    title: str
    optimizer: str
    rate: tuple[float, float]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    tuned: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0
    seconds: float = 20.0
    damped_rate: bool = False

    def distributions(self) -> dict[str, Any]:
        """What Optuna draws from, name to distribution."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        found: dict[str, Any] = {
            "learning_rate": FloatDistribution(*self.rate, log=True),
            "clip": CategoricalDistribution(_CLIPS),
        }
        for name, space in self.tuned.items():
            if isinstance(space[0], str):
                found[name] = CategoricalDistribution(space)
            else:
                found[name] = FloatDistribution(*space, log=True)
        return found

    def settings(self, drawn: Mapping[str, Any], rate_factor: float = 1.0) -> dict[str, Any]:
        """Everything that ``Track.run`` takes, from what was drawn."""
        made = {**self.fixed, **drawn}
        scale = made["damping"] if self.damped_rate else 1.0
        return {**made, "learning_rate": made["learning_rate"] * scale * rate_factor}


_MOMENTUM = {"momentum": 0.9}
_LOW_RANK = {**_MOMENTUM, "matrix": "ggn", "safeguard": "none"}
_DECAY = {"weight_decay": 1e-2}
_DAMPING = {"damping": (0.1, 30.0)}

METHODS = {
    method.name: method
    for method in (
        Method("sgd", "SGD + momentum", "sgd", (1e-2, 1.0), _MOMENTUM),
        Method("adam", "Adam", "adam", (1e-3, 5e-2)),
        Method("adamw", "AdamW", "adamw", (1e-3, 5e-2), _DECAY),
        Method("rmsprop", "RMSprop", "rmsprop", (3e-4, 1e-2)),
        Method("adagrad", "Adagrad", "adagrad", (3e-3, 0.3)),
        Method("adahessian", "AdaHessian", "rivals:adahessian", (1e-2, 1.0)),
        Method("soap", "SOAP", "rivals:soap", (1e-3, 5e-2)),
        Method(
            "hnrc-1",
            "HNRC, rank 1",
            "hnrc",
            (1e-2, 1.0),
            {**_LOW_RANK, "rank": 1, "directions": "momentum", "refresh": 4},
            _DAMPING,
            damped_rate=True,
        ),
        Method(
            "hnrc-k",
            "HNRC, rank 8",
            "hnrc",
            (3e-2, 3.0),
            {**_LOW_RANK, "rank": 8, "refresh": 20},
            _DAMPING,
            damped_rate=True,
        ),
        Method(
            "hessian-free",
            "Hessian-free",
            "hessian-free",
            (0.3, 1.0),
            {"max_iterations": 30},
            {"damping": ("lm:0.01", "lm:0.1", "lm:1")},
        ),
        # Beyond the ten: the hybrid at half of the steps, whose gradients are as many as AdamW's, and AdamW
        # at half of them as its control.
        Method(
            "hnrc-adam",
            "HNRC 8 + Adam, ½ steps",
            "hnrc",
            (1e-3, 0.1),
            {**_LOW_RANK, "rank": 8, "refresh": 10, "scaling": "adam"},
            _DAMPING,
            share=0.5,
            damped_rate=True,
        ),
        Method("adamw-half", "AdamW, ½ steps", "adamw", (1e-3, 5e-2), _DECAY, share=0.5),
    )
}
