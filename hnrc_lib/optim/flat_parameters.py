"""The parameters that train, of all groups of an optimiser, as one flat vector."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hnrc_lib._shapes import Float


def all_finite(vector: Float[Tensor, " n"]) -> bool:
    """Whether all entries are finite, from their sum where that is: a tenth of the time.

    >>> all_finite(torch.tensor([1.0, 2.0])), all_finite(torch.tensor([torch.inf, -torch.inf]))
    (True, False)
    >>> all_finite(torch.tensor([3e38, 3e38]))
    True
    """
    return bool(torch.isfinite(vector.sum())) or bool(torch.isfinite(vector).all())


class FlatParameters:
    """θ in the order of the groups, without what requires no gradient.

    Args:
        groups: ``param_groups`` of an optimiser.

    Attributes:
        tensors: the parameters themselves.
        places: of each among all parameters of the groups, those that stand still included.

    >>> x, y = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
    >>> FlatParameters([{"params": [x]}, {"params": [y]}]).vector()
    tensor([1., 2., 3.])
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]]) -> None:
        numbered = enumerate((p, owner) for owner, group in enumerate(groups) for p in group["params"])
        kept = [(place, p, owner) for place, (p, owner) in numbered if p.requires_grad]
        self.places = [place for place, _, _ in kept]
        self.tensors = [p for _, p, _ in kept]
        self._owners = [owner for _, _, owner in kept]

    def vector(self) -> Float[Tensor, " n"]:
        """A copy of θ."""
        return torch.cat([p.detach().reshape(-1) for p in self.tensors])

    def split(self, vector: Float[Tensor, " n"]) -> list[Tensor]:
        """Views of a flat vector in the shapes of the parameters."""
        pieces = vector.split([p.numel() for p in self.tensors])
        return [piece.view(p.shape) for piece, p in zip(pieces, self.tensors, strict=True)]

    @torch.no_grad()
    def assign(self, vector: Float[Tensor, " n"]) -> None:
        """Set θ, in place."""
        for parameter, part in zip(self.tensors, self.split(vector), strict=True):
            parameter.copy_(part)

    def per_entry(self, values: Sequence[float]) -> Float[Tensor, " n"] | float:
        """One value a group as one an entry, or as the number that all groups with parameters share."""
        own = [values[owner] for owner in self._owners]
        if all(value == own[0] for value in own):
            return own[0]
        first = self.tensors[0]
        return torch.cat(
            [
                torch.full((p.numel(),), value, dtype=first.dtype, device=first.device)
                for p, value in zip(self.tensors, own, strict=True)
            ]
        )

    def blocks(self) -> list[tuple[str, int, int]]:
        """Name in a graph, first place and the one behind the last, of every parameter tensor."""
        found, start = [], 0
        for index, parameter in enumerate(self.tensors):
            found.append((str(index), start, start + parameter.numel()))
            start += parameter.numel()
        return found
