"""A loss of a module's parameters, without the cost of calling the module as a function of them."""

import copy
from collections.abc import Callable, Mapping

from torch import Tensor, nn


class ModuleLoss:
    """θ ↦ L(model with parameters θ), on a private copy of the model.

    What ``line``, ``plane`` and ``adaptive_plane`` take as ``loss``. It gives the values of
    ``torch.func.functional_call`` in less time: the copy is nobody else's, so that its parameters are
    replaced and never put back.

    Args:
        model: copied; put it in evaluation mode first if it has dropout.
        loss: L(model), a scalar or a vector of measures; it must use the model that it is given.

    Raises:
        ValueError: on a call, a parameter that the model does not have.

    >>> import torch
    >>> model = nn.Linear(1, 1, bias=False)
    >>> weight = ModuleLoss(model, lambda m: m(torch.ones(1, 1)).sum())
    >>> weight({"weight": torch.tensor([[3.0]])})
    tensor(3.)
    """

    def __init__(self, model: nn.Module, loss: Callable[[nn.Module], Tensor]) -> None:
        self._model, self._loss = copy.deepcopy(model), loss
        names = {id(value): name for name, value in self._model.named_parameters()}
        # A parameter that several modules share has several places and one name.
        self._places = [
            (module._parameters, key, names[id(value)], value)
            for module in self._model.modules()
            for key, value in module._parameters.items()
            if value is not None
        ]
        self._names = set(names.values())

    def __call__(self, params: Mapping[str, Tensor]) -> Tensor:
        """L at the parameters given; those left out keep the model's values.

        Args:
            params: name to tensor, as in ``dict(model.named_parameters())``.
        """
        if not params.keys() <= self._names:
            unknown = sorted(params.keys() - self._names)
            raise ValueError(f"params must name parameters of the model, got {unknown}")
        for parameters, key, name, value in self._places:
            parameters[key] = params.get(name, value)  # pyright: ignore[reportArgumentType]
        return self._loss(self._model)
