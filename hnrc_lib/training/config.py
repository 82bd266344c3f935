"""How a classifier is trained."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run besides model and data.

    Attributes:
        learning_rate: η of the optimiser that is built, > 0; the peak where a schedule is used.
        weight_decay: decoupled decay of that optimiser, ≥ 0.
        batch_size: examples per step, > 0; an epoch's last batch may be smaller.
        max_epochs: passes through the training data at most, > 0.
        patience: epochs without a lower validation loss after which training stops; None never stops early.
        average_last: epochs, counted from the last, whose final weights are averaged and kept; None keeps
            the weights of the epoch that validates best. Not together with patience.
        schedule: ``"constant"``, or ``"cosine"``: from 0 up in the first tenth of all steps, then down to 0
            along half a cosine.
        seed: of the order of examples and of the augmentation.
        device: for example ``"cpu"`` or ``"cuda"``; the model is moved there.

    Raises:
        ValueError: a value out of range; names it.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    batch_size: int = 32
    max_epochs: int = 30
    patience: int | None = None
    average_last: int | None = None
    schedule: Literal["constant", "cosine"] = "constant"
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, got {self.weight_decay}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience must be positive or None, got {self.patience}")
        if self.average_last is not None and not 1 <= self.average_last <= self.max_epochs:
            raise ValueError(f"average_last must lie in 1 … {self.max_epochs}, got {self.average_last}")
        if self.average_last is not None and self.patience is not None:
            raise ValueError(f"patience must be None with average_last, got {self.patience}")
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f"schedule must be 'constant' or 'cosine', got {self.schedule!r}")
