"""Weights that outlive the step they come from: a copy, and a mean over several moments."""

from torch import Tensor, nn

Weights = dict[str, Tensor]


def copy_weights(model: nn.Module) -> Weights:
    """The weights as they are now.

    >>> layer = nn.Linear(1, 1)
    >>> sorted(copy_weights(layer))
    ['bias', 'weight']
    """
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def fold_into_mean(mean: Weights, model: nn.Module, count: int) -> None:
    """Make a mean over count − 1 moments one over count moments, in place.

    θ̄ ← θ̄ + (θ − θ̄)/count

    Args:
        mean: θ̄ by name; whatever it holds is overwritten when the count is 1.
        model: has θ now.
        count: how many moments there are with this one, ≥ 1.

    Source: Izmailov and others (2018).
    """
    for name, value in model.state_dict().items():
        if count > 1 and value.is_floating_point():
            mean[name].lerp_(value.detach(), 1 / count)
        else:  # a counter has no mean: the latest stays
            mean[name] = value.detach().clone()
