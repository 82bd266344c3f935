"""A product needs at most three times what a gradient of the same model and batch needs, and keeps less."""

import gc

import pytest
import torch
from torch import nn
from torch.autograd.profiler import profile
from torch.nn import functional

from benchmarks.memory import MEMORY_EVENT, allocated_peak
from hnrc_lib.curvature import HessianLinearOperator, ggn_vector_product, hessian_vector_product


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.LSTM(40, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, inputs):
        return self.head(self.layer(inputs)[0].mean(1))


MODELS = {
    "MLP": (lambda: nn.Sequential(nn.Linear(40, 128), nn.Tanh(), nn.Linear(128, 10)), (256, 40)),
    "CNN": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 16, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(16 * 121, 10),
        ),
        (32, 1, 28, 28),
    ),
    "LSTM": (Pooled, (32, 60, 40)),
}  # fmt: skip


def held(make):
    """Bytes that torch's allocator holds when the result is there, beyond those before."""
    with profile(use_cpu=True, profile_memory=True) as profiler:
        result = make()
        gc.collect()
    del result
    events = profiler.kineto_results.events()
    return sum(event.nbytes() for event in events if event.name() == MEMORY_EVENT)


def peak(run):
    run()  # what is set up once does not count
    return allocated_peak(lambda: run)


@pytest.mark.parametrize("name", MODELS)
def test_products_hold_at_most_three_gradients(name):
    make, shape = MODELS[name]
    torch.manual_seed(0)
    model, inputs, targets = make(), torch.randn(shape), torch.randint(0, 10, shape[:1])
    params = {key: value.detach() for key, value in model.named_parameters()}
    vector = {key: torch.randn_like(value) for key, value in params.items()}

    def outputs(p):
        return torch.func.functional_call(model, p, (inputs,))

    def loss(z):
        return functional.cross_entropy(z, targets)

    def kept():
        operator = HessianLinearOperator(lambda p: loss(outputs(p)), params, check_deterministic=False)
        for _ in range(6):
            operator @ vector
        return operator

    gradient = peak(lambda: torch.autograd.grad(loss(model(inputs)), list(model.parameters())))
    assert peak(lambda: hessian_vector_product(lambda p: loss(outputs(p)), params, vector)) < 3 * gradient
    assert peak(lambda: ggn_vector_product(outputs, loss, params, vector)) < 3 * gradient
    assert held(kept) < 2 * gradient
    assert peak(kept) < 6 * gradient  # once, while the fifth product is recorded
