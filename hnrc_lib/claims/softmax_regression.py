"""Softmax regression in closed form: scores, gradient and Hessian of a linear classifier of digits.

    L(W) = −(1/N) Σᵢ log softmax(Wᵀ[xᵢ; 1])[yᵢ]

The rows are [x; 1], shape (N, D + 1). W has a column a class, shape (D + 1, K), its last row the biases; with
K one less than the classes, the last class has the score 0, so that no direction is flat.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims.subjects import NUM_CLASSES


def with_ones(features: Float[Tensor, "batch feature"]) -> Float[Tensor, "batch row"]:
    """[x; 1].

    >>> with_ones(torch.tensor([[3.0, 4.0]]))
    tensor([[3., 4., 1.]])
    """
    return F.pad(features, (0, 1), value=1.0)


def scores(
    rows: Float[Tensor, "batch row"], weights: Float[Tensor, "row free"]
) -> Float[Tensor, "batch class"]:
    """Wᵀ[x; 1] of every class."""
    return F.pad(rows @ weights, (0, NUM_CLASSES - weights.shape[1]))


def loss(
    rows: Float[Tensor, "batch row"], labels: Int[Tensor, "batch"], weights: Float[Tensor, "row free"]
) -> Float[Tensor, ""]:
    """L(W)."""
    return F.cross_entropy(scores(rows, weights), labels)


def error_rate(
    rows: Float[Tensor, "batch row"], labels: Int[Tensor, "batch"], weights: Float[Tensor, "row free"]
) -> float:
    """Share of utterances whose highest score is another word's."""
    return float((scores(rows, weights).argmax(dim=1) != labels).double().mean())


def gradient(
    rows: Float[Tensor, "batch row"], labels: Int[Tensor, "batch"], weights: Float[Tensor, "row free"]
) -> Float[Tensor, "row free"]:
    """∇L(W) = [x; 1]ᵀ(softmax − onehot)/N."""
    wrong = scores(rows, weights).softmax(dim=1) - F.one_hot(labels, NUM_CLASSES)
    return rows.T @ wrong[:, : weights.shape[1]] / len(rows)


def hessian(rows: Float[Tensor, "batch row"], weights: Float[Tensor, "row free"]) -> Float[Tensor, "n n"]:
    """H(W) = mean of (diag p − ppᵀ) ⊗ [x; 1][x; 1]ᵀ, positive semidefinite; n runs through class by class."""
    width, free = weights.shape
    p = scores(rows, weights).softmax(dim=1)[:, :free]
    spread = (torch.diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1)).flatten(1) / len(p)
    squares = (rows.unsqueeze(2) * rows.unsqueeze(1)).flatten(1)
    blocks = (spread.T @ squares).view(free, free, width, width)
    return blocks.transpose(1, 2).reshape(free * width, free * width)
