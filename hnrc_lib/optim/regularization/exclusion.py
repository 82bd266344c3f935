"""Which parameters a regularisation leaves alone."""

from collections.abc import Callable, Mapping

from torch import Tensor

Exclusion = Callable[[str, Tensor], bool]


def is_bias_or_normalization(name: str, parameter: Tensor) -> bool:
    """Whether a parameter has at most one axis, as biases and the scales of normalisation layers have.

    A bias shifts and a scale sets units: neither makes the function more complex, and to pull a
    normalisation's scale to 0 silences its layer.

    Args:
        name: not looked at.
        parameter: of any shape.

    >>> import torch
    >>> layer = torch.nn.Linear(3, 2)
    >>> {name: is_bias_or_normalization(name, parameter) for name, parameter in layer.named_parameters()}
    {'weight': False, 'bias': True}
    """
    return parameter.ndim <= 1


def regularized(params: Mapping[str, Tensor], exclude: Exclusion | None) -> list[Tensor]:
    """The parameters that are not excluded.

    Args:
        params: by name.
        exclude: None leaves none out.
    """
    return [value for name, value in params.items() if exclude is None or not exclude(name, value)]
