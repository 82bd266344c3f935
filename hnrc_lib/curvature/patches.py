"""A convolution of given data as one matrix product an example."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# Entries of a patch: kernels for convolutions are slow with few input channels, and up to here the patches
# take no more memory than the outputs of a usual layer.
MOST_ENTRIES = 32


def patches_pay(input: Tensor, weight: Tensor, padding: Any, groups: int) -> bool:
    """Whether ``convolve_patches`` computes a convolution faster than torch's kernel, twice differentiated.

    On the CPU, for data that needs no derivative (a first layer), with patches of few entries.
    """
    return (
        groups == 1
        and not isinstance(padding, str)
        and not input.requires_grad
        and input.device.type == "cpu"
        and input.ndim == weight.ndim
        and math.prod(weight.shape[1:]) <= MOST_ENTRIES
    )


def convolve_patches(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> Tensor:
    """W * X + b as W P + b, with the patches P of X side by side.

    Every derivative by W and b is then a matrix product too, ten times faster than a convolution of a
    single channel.

    Args:
        input: X, (N, C, T) or (N, C, H, W).
        weight: W, (C', C, k) or (C', C, k, l).
        bias: b, (C',), or None.
        stride, padding, dilation: one number, or one an axis.

    >>> X, W = torch.arange(4.0).view(1, 1, 4), torch.tensor([[[1.0, -1.0]]])
    >>> convolve_patches(X, W)
    tensor([[[-1., -1., -1.]]])

    Kumar Chellapilla, Sidd Puri and Patrice Simard, High performance convolutional neural networks for
    document processing (2006).
    """
    axes = weight.ndim - 2
    numbers = [_per_axis(number, axes) for number in (stride, padding, dilation)]
    image, kernel = input, list(weight.shape[2:])
    if axes == 1:  # images of height one
        image, kernel = input.unsqueeze(2), [1, *kernel]
        numbers = [[rest, *number] for rest, number in zip((1, 0, 1), numbers, strict=True)]
    stride, padding, dilation = numbers
    sizes: Any = (kernel, dilation, padding, stride)
    patches = functional.unfold(image, *sizes)
    rows = weight.flatten(1).expand(len(input), -1, -1)
    product = torch.bmm(rows, patches) if bias is None else torch.baddbmm(bias.view(1, -1, 1), rows, patches)
    height, width = (
        (size + 2 * pad - step * (length - 1) - 1) // hop + 1
        for size, pad, step, length, hop in zip(
            image.shape[2:], padding, dilation, kernel, stride, strict=True
        )
    )
    return product.unflatten(2, (width,) if axes == 1 else (height, width))


def _per_axis(number: Any, axes: int) -> list[int]:
    numbers = [number] if isinstance(number, int) else list(number)
    return numbers * axes if len(numbers) == 1 else numbers
