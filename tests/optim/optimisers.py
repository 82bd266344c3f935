"""Optimisers of every kind, on one small problem, for the tests of what attaches to them."""

from types import SimpleNamespace

import torch

FIRST_ORDER = {
    "SGD": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
    "Adam": lambda params: torch.optim.Adam(params, lr=0.1),
    "AdamW": lambda params: torch.optim.AdamW(params, lr=0.1, weight_decay=0.0),
    "RMSprop": lambda params: torch.optim.RMSprop(params, lr=0.1),
    "Adagrad": lambda params: torch.optim.Adagrad(params, lr=0.1),
    "foreach": lambda params: torch.optim.SGD(params, lr=0.1, foreach=True),
    "fused": lambda params: torch.optim.Adam(params, lr=0.1, fused=True),
}


def third_party(params, name="Lion", **options):
    """One of pytorch-optimizer's."""
    import pytorch_optimizer

    return getattr(pytorch_optimizer, name)(params, lr=0.1, **options)


class Descent(torch.optim.Optimizer):
    """Gradient descent by the protocol of the curvature optimisers: own gradient, lists of transforms."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})
        self.gradient_transforms, self.step_transforms = [], []
        self.last_step, self.refuse = None, False

    def step(self, closure):
        parameters = [p for group in self.param_groups for p in group["params"]]
        loss = closure()
        parts = list(torch.autograd.grad(loss, parameters))
        for transform in self.gradient_transforms:
            transform(parts, parameters)
        steps = [-self.param_groups[0]["lr"] * part for part in parts]
        for transform in self.step_transforms:
            transform(steps, parameters)
        self.last_step = SimpleNamespace(accepted=not self.refuse)
        with torch.no_grad():
            for parameter, step in zip(parameters, steps, strict=True):
                parameter.add_(0 if self.refuse else step)
        return loss


class Problem:
    """A small least-squares problem in float64: a matrix, a vector, and a loss over both."""

    def __init__(self, scale=1.0, dtype=torch.float64):
        generator = torch.Generator().manual_seed(0)
        draw = [
            torch.randn(size, generator=generator, dtype=torch.float64)
            for size in [(3, 4), (3,), (9, 4), (9, 3)]
        ]
        self.weight, self.bias = (torch.nn.Parameter(part.to(dtype)) for part in draw[:2])
        self.inputs, self.targets, self.scale = draw[2].to(dtype), draw[3].to(dtype), scale

    @property
    def parameters(self):
        return [self.weight, self.bias]

    @property
    def named(self):
        return [("weight", self.weight), ("bias", self.bias)]

    def loss(self):
        return self.loss_and_outputs()[0]

    def loss_and_outputs(self):
        residuals = self.inputs @ self.weight.T + self.bias - self.targets
        return self.scale * residuals.square().mean(), residuals

    def backward(self):
        for parameter in self.parameters:
            parameter.grad = None
        loss = self.loss()
        loss.backward()
        return loss

    def gradient(self):
        return [part.clone() for part in torch.autograd.grad(self.loss(), self.parameters)]

    def values(self):
        return [parameter.detach().clone() for parameter in self.parameters]


def same(first, second, **tolerances):
    """Fail unless both lists hold the same tensors; to the bit unless told otherwise."""
    tolerances = tolerances or {"rtol": 0, "atol": 0}
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, **tolerances)
