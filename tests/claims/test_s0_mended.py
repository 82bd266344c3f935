"""The mended program computes θ ← θ − α(H + λI)⁻¹∇L."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call

from hnrc_lib.claims.s0_mended import train_model
from hnrc_lib.claims.subjects import ReferenceClass, perceptron, seeded, speech_features

FEATURES, LABELS = speech_features(num_frames=2, n_mels=3, num_utterances=60)


def by_the_formula(model, alpha, damping, epochs):
    """The update with torch's own dense Hessian and an explicit inverse."""
    names = [name for name, _ in model.named_parameters()]
    sizes = [value.numel() for value in model.parameters()]
    shapes = [value.shape for value in model.parameters()]

    def loss(theta):
        parts = [part.reshape(shape) for part, shape in zip(theta.split(sizes), shapes, strict=True)]
        return F.cross_entropy(
            functional_call(model, dict(zip(names, parts, strict=True)), (FEATURES,)), LABELS
        )

    theta = torch.cat([value.detach().flatten() for value in model.parameters()])
    for _ in range(epochs):
        hessian = torch.autograd.functional.hessian(loss, theta)
        gradient = torch.autograd.functional.jacobian(loss, theta)
        damped = hessian + damping * torch.eye(len(theta), dtype=theta.dtype)
        theta = theta - alpha * torch.linalg.inv(damped) @ gradient
    return theta


@pytest.mark.parametrize(("alpha", "damping", "epochs"), [(1.0, 0.1, 1), (0.5, 0.1, 3), (0.3, 1.0, 4)])
def test_equals_the_formula_on_a_convex_loss(alpha, damping, epochs):
    model = seeded(ReferenceClass(6), 3)
    run = train_model(model, FEATURES, LABELS, alpha=alpha, damping=damping, epochs=epochs)
    theta = torch.cat([value.flatten() for value in run.params.values()])
    assert torch.allclose(theta, by_the_formula(model, alpha, damping, epochs), rtol=1e-9, atol=1e-11)
    assert run.dampings == [damping] * epochs


def test_damping_is_raised_where_the_matrix_is_indefinite():
    run = train_model(perceptron(6, 3), FEATURES, LABELS, alpha=0.5, damping=1e-3, epochs=2)
    assert run.dampings[0] > 1e-3
    assert run.losses[1] < run.losses[0]


def test_the_loss_falls_and_every_argument_matters():
    model = perceptron(6, 3)
    usual = {"alpha": 0.5, "damping": 0.1, "epochs": 10}
    run = train_model(model, FEATURES, LABELS, **usual)
    assert run.losses[-1] < 0.8 * run.losses[0]
    assert len(run.losses) == 11
    for change in ({"alpha": 0.25}, {"damping": 2.0}, {"epochs": 5}):
        other = train_model(model, FEATURES, LABELS, **usual | change)
        assert any(not torch.equal(value, other.params[name]) for name, value in run.params.items())


def test_the_model_is_left_alone():
    model = perceptron(6, 3)
    before = [value.clone() for value in model.parameters()]
    run = train_model(model, FEATURES, LABELS, alpha=1.0, damping=1.0, epochs=0)
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
    assert run.losses == [F.cross_entropy(model(FEATURES), LABELS).item()]


def test_a_negative_number_of_epochs_is_refused():
    with pytest.raises(ValueError, match="epochs must be at least 0, got -1"):
        train_model(perceptron(6, 3), FEATURES, LABELS, alpha=1.0, damping=1.0, epochs=-1)
