"""Losses of labels that a model draws from its own outputs."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from hnrc_lib._shapes import Float


def sampled_losses(
    outputs: Float[Tensor, "..."], likelihood: str, num_samples: int, seed: int
) -> Float[Tensor, " samples"]:
    """−log p(y | z) of labels y ~ p(· | z), S an example.

    Args:
        outputs: z, examples first; for ``"categorical"`` classes last, and each of the other positions is an
            example of its own.
        likelihood: ``"categorical"``, ``"bernoulli"`` or ``"normal"``.
        num_samples: S ≥ 1.
        seed: of the labels, whatever torch's global generator does.

    Returns:
        Shape (S·N,), differentiable in the outputs but not through the labels.

    Raises:
        ValueError: no such likelihood, or ``num_samples`` below 1.

    >>> sampled_losses(torch.zeros(1, 4), "categorical", 2, seed=0).exp()
    tensor([4., 4.])
    """
    if likelihood not in _LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {list(_LIKELIHOODS)}, got {likelihood!r}")
    if num_samples < 1:
        raise ValueError(f"num_samples must be at least 1, got {num_samples}")
    generator = torch.Generator(outputs.device).manual_seed(seed)
    return _LIKELIHOODS[likelihood](outputs, num_samples, generator)


def _categorical(outputs: Tensor, num_samples: int, generator: torch.Generator) -> Tensor:
    logits = outputs.reshape(-1, outputs.shape[-1])
    with torch.no_grad():
        labels = torch.multinomial(logits.softmax(-1), num_samples, replacement=True, generator=generator)
    return -logits.log_softmax(-1).gather(1, labels).reshape(-1)


def _bernoulli(outputs: Tensor, num_samples: int, generator: torch.Generator) -> Tensor:
    logits = outputs.reshape(len(outputs), -1).expand(num_samples, -1, -1)
    with torch.no_grad():
        labels = torch.bernoulli(logits.sigmoid(), generator=generator)
    return functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(-1).reshape(-1)


def _normal(outputs: Tensor, num_samples: int, generator: torch.Generator) -> Tensor:
    means = outputs.reshape(len(outputs), -1).expand(num_samples, -1, -1)
    noise = torch.empty_like(means, requires_grad=False).normal_(generator=generator)
    return ((means - (means.detach() + noise)) ** 2).sum(-1).reshape(-1) / 2


_LIKELIHOODS: dict[str, Callable[[Tensor, int, torch.Generator], Tensor]] = {
    "categorical": _categorical,
    "bernoulli": _bernoulli,
    "normal": _normal,
}
