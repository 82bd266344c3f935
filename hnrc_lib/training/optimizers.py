"""Optimisers by name: torch's, ours, and a third party's where that is installed."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from hnrc_lib.optim import HNRC, Curvature, DampedNewton, DiagonalNewton, HessianFree, LowRankCurvature

_TORCH = {
    name.lower(): getattr(torch.optim, name)
    for name in ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD")
}
_OURS = {
    "hnrc": (HNRC, LowRankCurvature),
    "damped-newton": (DampedNewton, Curvature),
    "hessian-free": (HessianFree, Curvature),
    "diagonal-newton": (DiagonalNewton, Curvature),
}


def optimizer_names() -> tuple[str, ...]:
    """Names that ``make_optimizer`` takes besides those of pytorch-optimizer."""
    return tuple(sorted([*_TORCH, *_OURS]))


# Of pytorch-optimizer: they differentiate the gradients that they are given once more.
_NEED_GRADIENT_GRAPH = ("AdaHessian", "SophiaH")


def needs_gradient_graph(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a third party's optimiser wants gradients that can be differentiated.

    >>> needs_gradient_graph(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1))
    False
    """
    return type(optimizer).__name__ in _NEED_GRADIENT_GRAPH


def takes_curvature(name: str) -> bool:
    """Whether the optimiser of that name steps by second derivatives, which need full precision."""
    return name.lower() in _OURS


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
        name: one of torch's (``"sgd"``, ``"adamw"``, …), in any case; ``"hnrc"``, ``"damped-newton"``,
            ``"hessian-free"`` or ``"diagonal-newton"``; or ``"rivals:NAME"`` for one of the package
            pytorch-optimizer, for example ``"rivals:soap"``.
        parameters: of the model, with their names.
        learning_rate: η, > 0.
        weight_decay: as the optimiser itself understands it, ≥ 0.
        options: further arguments of the optimiser, for example ``momentum=0.9``; for ours also the fields
            of its curvature, for example ``damping=1.0, rank=10, matrix="ggn", refresh=20``.

    Raises:
        ValueError: no such optimiser; lists those there are.
        ModuleNotFoundError: a rival, where pytorch-optimizer is not installed; says how to get it.
        TypeError: an option that the optimiser does not have.

    >>> optimizer = make_optimizer("SGD", nn.Linear(2, 1).named_parameters(), learning_rate=0.1, momentum=0.9)
    >>> [(len(group["params"]), group["momentum"]) for group in optimizer.param_groups]
    [(1, 0.9), (1, 0.9)]
    """
    maker, options = _maker(name, options)
    known = inspect.signature(maker).parameters
    unknown = [option for option in options if option not in known]
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        all_known = {*known, *_curvature_fields(name)} - {"params", "lr", "weight_decay", "curvature"}
        raise TypeError(f"optimizer {name!r} has no options {unknown}; it has {sorted(all_known)}")
    named = list(parameters)
    groups = [
        {"params": [value for _, value in named if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for _, value in named if value.ndim <= 1], "weight_decay": 0.0},
    ]
    return maker([group for group in groups if group["params"]], lr=learning_rate, **options)


def check_optimizer(name: str, options: Mapping[str, Any]) -> None:
    """Refuse a name or options that no optimiser could be made with, before a corpus is read.

    Raises:
        ValueError, TypeError, ModuleNotFoundError: as ``make_optimizer``.

    >>> check_optimizer("sgd", {"momentum": 0.9})
    """
    weight = nn.Parameter(torch.zeros(1, 1))
    make_optimizer(name, [("weight", weight)], learning_rate=1.0, **options)


def _curvature_fields(name: str) -> set[str]:
    """Fields of the curvature of one of ours; none of another's."""
    kind = _OURS.get(name.lower(), (None, None))[1]
    return set() if kind is None else {field.name for field in dataclasses.fields(kind)}


def _with_curvature(key: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of one of ours, those of its curvature gathered, its products averaged over the processes."""
    kind, fields = _OURS[key][1], _curvature_fields(key)
    curvature = {name: value for name, value in options.items() if name in fields}
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        curvature["process_group"] = torch.distributed.group.WORLD
    if key == "hnrc" and options.get("rank", 1) == 1:
        curvature.setdefault("directions", "gradient")
    rest = {name: value for name, value in options.items() if name not in fields}
    return {**rest, "curvature": kind(**curvature)}


def _maker(name: str, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The class of that name, and its options as it takes them."""
    key = name.lower()
    if key in _TORCH:
        return _TORCH[key], options
    if key in _OURS:
        return _OURS[key][0], _with_curvature(key, options)
    if not key.startswith("rivals:"):
        known = ", ".join([*_TORCH, *_OURS])
        raise ValueError(f"optimizer must be one of {known} or rivals:NAME, got {name!r}")
    try:
        import pytorch_optimizer
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"optimizer {name!r} is of pytorch-optimizer: pip install 'hnrc-lib[rivals]'"
        ) from error
    rival = key.removeprefix("rivals:")
    if rival not in pytorch_optimizer.get_supported_optimizers():
        raise ValueError(f"pytorch-optimizer has no {rival!r}; see its get_supported_optimizers()")
    return pytorch_optimizer.load_optimizer(rival), options
