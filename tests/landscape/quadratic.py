"""A quadratic whose value anywhere is known without the library."""

import numpy as np
import torch


class Quadratic:
    """L(θ) = ½ xᵀAx + b·x + c with x the two parameters laid end to end."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        root = rng.normal(size=(6, 6))
        self.A, self.b, self.c = root + root.T, rng.normal(size=6), 0.25
        self.theta = rng.normal(size=6)
        self.u, self.v = rng.normal(size=6), rng.normal(size=6)

    def value(self, x: np.ndarray) -> float:
        return float(0.5 * x @ self.A @ x + self.b @ x + self.c)

    def loss(self, params: dict[str, torch.Tensor]) -> torch.Tensor:
        x = torch.cat([params["weight"].flatten(), params["bias"]])
        return 0.5 * x @ torch.from_numpy(self.A) @ x + torch.from_numpy(self.b) @ x + self.c

    @staticmethod
    def as_dict(x: np.ndarray) -> dict[str, torch.Tensor]:
        first, second = x[:4].reshape(2, 2).copy(), x[4:].copy()
        return {"weight": torch.from_numpy(first), "bias": torch.from_numpy(second)}
