"""Optimisers by name: torch's, and a third party's where that is installed."""

import inspect
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

_TORCH = {
    name.lower(): getattr(torch.optim, name)
    for name in ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD")
}


def optimizer_names() -> tuple[str, ...]:
    """Names that ``make_optimizer`` takes besides those of pytorch-optimizer."""
    return tuple(sorted(_TORCH))


def make_optimizer(
    name: str,
    parameters: Iterable[tuple[str, nn.Parameter]],
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    **options: Any,
) -> torch.optim.Optimizer:
    """An optimiser by name, decay kept off biases and normalisation layers.

    Parameters of one dimension (biases, gains of normalisation layers) form a group without decay, as is
    usual: to pull a gain to zero switches its unit off rather than making the function simpler.

    Args:
        name: one of torch's (``"sgd"``, ``"adamw"``, …), in any case, or ``"rivals:NAME"`` for one of the
            package pytorch-optimizer, for example ``"rivals:soap"``.
        parameters: of the model, with their names.
        learning_rate: η, > 0.
        weight_decay: as the optimiser itself understands it, ≥ 0.
        options: further arguments of the optimiser, for example ``momentum=0.9``.

    Raises:
        ValueError: no such optimiser; lists those there are.
        ModuleNotFoundError: a rival, where pytorch-optimizer is not installed; says how to get it.
        TypeError: an option that the optimiser does not have.

    >>> optimizer = make_optimizer("SGD", nn.Linear(2, 1).named_parameters(), learning_rate=0.1, momentum=0.9)
    >>> [(len(group["params"]), group["momentum"]) for group in optimizer.param_groups]
    [(1, 0.9), (1, 0.9)]
    """
    maker = _maker(name)
    known = inspect.signature(maker).parameters
    unknown = [option for option in options if option not in known]
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        raise TypeError(f"optimizer {name!r} has no options {unknown}; it has {sorted(known)}")
    named = list(parameters)
    groups = [
        {"params": [value for _, value in named if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for _, value in named if value.ndim <= 1], "weight_decay": 0.0},
    ]
    return maker([group for group in groups if group["params"]], lr=learning_rate, **options)


def _maker(name: str) -> Any:
    key = name.lower()
    if key in _TORCH:
        return _TORCH[key]
    if not key.startswith("rivals:"):
        raise ValueError(f"optimizer must be one of {', '.join(_TORCH)} or rivals:NAME, got {name!r}")
    try:
        import pytorch_optimizer
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"optimizer {name!r} is of pytorch-optimizer: pip install 'hnrc-lib[rivals]'"
        ) from error
    rival = key.removeprefix("rivals:")
    if rival not in pytorch_optimizer.get_supported_optimizers():
        raise ValueError(f"pytorch-optimizer has no {rival!r}; see its get_supported_optimizers()")
    return pytorch_optimizer.load_optimizer(rival)
