"""Directions in parameter space along which a loss is drawn."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.vectors import check_params, check_vector


def random_direction(params: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """A Gaussian direction d ~ N(0, I), shaped like the parameters.

    Args:
        params: θ, name to tensor; only names, shapes, dtypes and devices are used.
        generator: draws the entries, in the dict's order, on its own device.

    Returns:
        d, a dict like ``params``.

    Raises:
        ValueError, TypeError: no parameters, or parameters that are not real floating point.

    >>> direction = random_direction({"weight": torch.zeros(2, 3)}, torch.Generator().manual_seed(0))
    >>> direction["weight"].shape
    torch.Size([2, 3])
    """
    check_params(params)
    return {
        name: torch.randn(value.shape, generator=generator, dtype=value.dtype, device=generator.device).to(
            value.device
        )
        for name, value in params.items()
    }


def filter_normalize(
    direction: Mapping[str, Tensor],
    params: Mapping[str, Tensor],
    *,
    one_dimensional: Literal["zero", "match"] = "zero",
) -> dict[str, Tensor]:
    """Give every filter of a direction the norm of the parameters' filter.

    d_i ← d_i ‖θ_i‖ / ‖d_i‖  for each filter i: the weights into one output channel or unit

    The loss of a ReLU network does not change when one layer is scaled up and the next one down; along
    filter-normalised directions neither does the picture. Parameters with fewer than two axes (biases, the
    scales of normalisation layers) are held still unless asked otherwise, as in the source: matched as
    one vector each they can dominate the picture. A filter of zeros cannot be scaled and stays zero.

    Args:
        direction: d, names, shapes and dtype of ``params``.
        params: θ, name to tensor; a filter is one entry along the first axis.
        one_dimensional: ``"zero"`` holds biases and other parameters with fewer than two axes still,
            ``"match"`` gives each of them the norm of its parameter as a whole.

    Returns:
        A new dict; neither argument is changed.

    Raises:
        ValueError: the direction does not match, is not finite, or ``one_dimensional`` is neither.
        TypeError: dtypes differ or are not real floating point.

    >>> params = {"weight": torch.tensor([[3.0, 4.0], [0.0, 1.0]]), "bias": torch.ones(2)}
    >>> filter_normalize({"weight": torch.ones(2, 2), "bias": torch.ones(2)}, params)["weight"].norm(dim=1)
    tensor([5.0000, 1.0000])

    Source: Li, Xu, Taylor, Studer and Goldstein (2018), section 4.
    """
    if one_dimensional not in ("zero", "match"):
        raise ValueError(f"one_dimensional must be 'zero' or 'match', got {one_dimensional!r}")
    check_direction("direction", direction, params)
    return {name: _normalized(direction[name], value, one_dimensional) for name, value in params.items()}


def gram_matrix(directions: Sequence[Mapping[str, Tensor]]) -> Float[Tensor, "k k"]:
    """Inner products of directions: G[i, j] = dᵢ·dⱼ, summed in float64.

    With it a distance in the plane is known: ‖αu + βv‖² = α²G₀₀ + 2αβG₀₁ + β²G₁₁, hence also the bowl
    (λ/2)‖θ − θ₀‖² that damping λ adds to the loss.

    Args:
        directions: k ≥ 1 dicts of the same names and shapes.

    Raises:
        ValueError: no direction, or directions that do not match the first.

    >>> gram_matrix([{"x": torch.tensor([1.0, 2.0])}, {"x": torch.tensor([2.0, -1.0])}])
    tensor([[5., 0.],
            [0., 5.]], dtype=torch.float64)
    """
    if not directions:
        raise ValueError("directions must hold at least one direction, got none")
    for index, direction in enumerate(directions):
        check_direction(f"directions[{index}]", direction, directions[0])
    gram = torch.zeros(len(directions), len(directions), dtype=torch.float64)
    for name in directions[0]:
        rows = torch.stack(
            [direction[name].detach().to(torch.float64).reshape(-1) for direction in directions]
        )
        gram += (rows @ rows.T).cpu()
    return gram


def check_direction(name: str, direction: Mapping[str, Tensor], params: Mapping[str, Tensor]) -> None:
    """Refuse a direction that is not finite or does not match the parameters.

    Raises:
        ValueError, TypeError: names the argument, what was expected and what came.
    """
    check_params(params)
    try:
        check_vector(direction, params)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
    not_finite = [key for key, value in direction.items() if not value.isfinite().all()]
    if not_finite:
        raise ValueError(f"{name} must be finite, got NaN or infinity in {not_finite}")


def _normalized(direction: Tensor, param: Tensor, one_dimensional: str) -> Tensor:
    if param.ndim < 2:
        if one_dimensional == "zero":
            return torch.zeros_like(direction)
        return direction * _ratio(param.detach().norm(), direction.norm())
    axes = tuple(range(1, param.ndim))
    norms = (
        torch.linalg.vector_norm(tensor, dim=axes, keepdim=True) for tensor in (param.detach(), direction)
    )
    return direction * _ratio(*norms)


def _ratio(norm: Tensor, of: Tensor) -> Tensor:
    return torch.where(of > 0, norm / of.clamp(min=torch.finfo(of.dtype).tiny), 0)
