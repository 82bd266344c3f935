"""Labelled features as a classifier is trained on them."""

import torch
from torch import Tensor

LabelledFeatures = tuple[Tensor, Tensor]


def check_data(name: str, data: LabelledFeatures) -> None:
    """Refuse features and labels that do not belong together.

    Args:
        name: of the argument, for the message.
        data: (features, labels): floating point of shape (N, …) and int64 of shape (N,), N > 0.

    Raises:
        ValueError: sizes differ, there is no example, or features are not finite.
        TypeError: features are not floating point, or labels not int64.
    """
    features, labels = data
    if not features.is_floating_point() or labels.dtype != torch.int64:
        raise TypeError(f"{name} must be floating point and int64, got {features.dtype} and {labels.dtype}")
    if labels.ndim != 1 or len(features) != len(labels) or len(labels) == 0:
        got = f"{tuple(features.shape)} and {tuple(labels.shape)}"
        raise ValueError(f"{name} must have shapes (N, …) and (N,) with N > 0, got {got}")
    if not features.isfinite().all():
        wrong = int((~features.flatten(1).isfinite().all(dim=1)).nonzero()[0, 0])
        raise ValueError(f"features of {name} must be finite, example {wrong} is not")
