"""Deep classifiers of spoken digits with weights of a chosen scale, and the gradient at each layer."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims.subjects import NUM_CLASSES, seeded

_ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


class Deep(nn.Module):
    """Hidden layers of one width, then a linear map to ten scores, in float64.

        a_l = φ(W_l a_{l−1}),  scores = V a_L

    Dense layers take features (N, D); convolutions (3 × 3, padded, one map in) take spectrograms (N, T, F)
    and average the last maps. Biases begin at 0.

    Args:
        kind: ``"dense"`` or ``"conv"``.
        sizes: D or 1, then the width of each hidden layer.
        activation: φ, ``"tanh"`` or ``"relu"``.
        gain: γ; weights are drawn from N(0, γ²/fan-in), the readout's from N(0, 1/fan-in).
        seed: of the weights.
    """

    def __init__(
        self, kind: str, sizes: tuple[int, ...], *, activation: str, gain: float, seed: int = 0
    ) -> None:
        super().__init__()
        self.is_conv = kind == "conv"
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) if self.is_conv else nn.Linear(before, after)
            for before, after in pairwise(sizes)
        )
        self.activation = _ACTIVATIONS[activation]()
        self.readout = nn.Linear(sizes[-1], NUM_CLASSES)
        seeded(self, seed)
        with torch.no_grad():
            for layer in self.layers:
                weight = layer.get_parameter("weight")
                # `seeded` divides by the last dimension, a fan-in for dense layers alone.
                weight.mul_(gain * (weight.shape[-1] / weight[0].numel()) ** 0.5)

    def activations(self, features: Tensor) -> list[Tensor]:
        """a_1 … a_L."""
        a, kept = features.unsqueeze(1) if self.is_conv else features, []
        for layer in self.layers:
            a = self.activation(layer(a))
            kept.append(a)
        return kept

    def forward(self, features: Tensor) -> Float[Tensor, "batch class"]:
        """Scores (N, 10)."""
        return self.scores(self.activations(features)[-1])

    def scores(self, last: Tensor) -> Float[Tensor, "batch class"]:
        """Scores from a_L."""
        return self.readout(last.mean(dim=(2, 3)) if self.is_conv else last)


def layer_gradients(model: Deep, features: Tensor, labels: Int[Tensor, "batch"]) -> Float[Tensor, "layers"]:
    """‖∂Lᵢ/∂a_l‖ for every hidden layer l, the mean over utterances i.

    Args:
        model: L layers.
        features: what the model takes.
        labels: (N,).

    Returns:
        (L,), the layer next to the input first.
    """
    kept = model.activations(features)
    total = F.cross_entropy(model.scores(kept[-1]), labels, reduction="sum")
    gradients = torch.autograd.grad(total, kept)
    return torch.stack([part.flatten(1).norm(dim=1).mean() for part in gradients])


def factor_per_layer(norms: Float[Tensor, "layers"]) -> float:
    """Geometric mean of the factors by which a gradient changes from one layer to the one before it.

    >>> round(factor_per_layer(torch.tensor([0.25, 1.0, 4.0])), 6)
    0.25
    """
    return float((norms[0] / norms[-1]) ** (1 / (len(norms) - 1)))
