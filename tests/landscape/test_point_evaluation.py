import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.landscape import ModuleLoss, random_direction
from hnrc_lib.landscape.evaluation import evaluate
from hnrc_lib.models import CNN
from hnrc_lib.models.recurrent import LSTMLayer

POINTS = torch.tensor([[0.0, 0.0], [0.3, -0.1], [0.3, 0.2], [-0.5, 0.25], [1.0, 1.0]], dtype=torch.float64)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = LSTMLayer(4, 5, batch_first=True), nn.Linear(5, 10)

    def forward(self, inputs):
        return self.head(self.layer(inputs)[0].mean(1))


def convolutional():
    return CNN(18, 18, channels=(2, 3, 3), hidden=4), torch.randn(6, 18, 18, dtype=torch.float64)


def recurrent():
    return Recurrent(), torch.randn(6, 7, 4, dtype=torch.float64)


def normalized():
    model = nn.Sequential(nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Flatten(), nn.Linear(9, 10))
    model[1].running_mean.uniform_()
    return model.eval(), torch.randn(6, 2, 5, dtype=torch.float64)


@pytest.mark.parametrize("build", [convolutional, recurrent, normalized])
@pytest.mark.parametrize("wrapped", [False, True], ids=["functional_call", "ModuleLoss"])
def test_several_at_once_are_one_by_one(build, wrapped):
    torch.manual_seed(0)
    model, inputs = build()
    model, labels = model.double(), torch.arange(6)
    params, generator = dict(model.named_parameters()), torch.Generator().manual_seed(1)
    directions = [random_direction(params, generator) for _ in range(2)]

    def written_out(theta):
        return cross_entropy(functional_call(model, theta, (inputs,)), labels)

    loss = ModuleLoss(model, lambda m: cross_entropy(m(inputs), labels)) if wrapped else written_out
    slow = torch.stack(
        [
            written_out(
                {k: p + float(a) * directions[0][k] + float(b) * directions[1][k] for k, p in params.items()}
            )
            for a, b in POINTS
        ]
    ).detach()
    for points_at_once in (1, 2, 5, 9):
        values = evaluate(loss, params, directions, POINTS, points_at_once=points_at_once)
        torch.testing.assert_close(values, slow, rtol=1e-10, atol=1e-12)
    assert slow.std() > 0.1


def test_a_loss_that_cannot_be_batched_is_not_evaluated_one_by_one_behind_the_readers_back():
    params = {"x": torch.ones(2)}
    with pytest.raises(RuntimeError, match="vmap"):
        evaluate(
            lambda p: torch.tensor(p["x"].sum().item()), params, [params], POINTS[:, :1], points_at_once=2
        )


@pytest.mark.parametrize(("points_at_once", "done"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (7, [5])])
def test_progress_counts_points_after_every_call(points_at_once, done):
    seen, params = [], {"x": torch.ones(2)}
    evaluate(
        lambda p: p["x"].sum(),
        params,
        [params],
        POINTS[:, :1],
        points_at_once=points_at_once,
        progress=lambda *counts: seen.append(counts),
    )
    assert seen == [(count, 5) for count in done]


@pytest.mark.parametrize("points_at_once", [0, -1])
def test_points_at_once_is_a_positive_integer(points_at_once):
    params = {"x": torch.ones(2)}
    with pytest.raises(ValueError, match=f"points_at_once must be a positive integer, got {points_at_once}"):
        evaluate(lambda p: p["x"].sum(), params, [params], POINTS[:, :1], points_at_once=points_at_once)


def test_a_loss_that_returns_its_own_argument_is_copied():
    params = {"x": torch.zeros(2, dtype=torch.float64)}
    ones = {"x": torch.ones(2, dtype=torch.float64)}
    values = evaluate(lambda p: p["x"], params, [ones], POINTS[:, :1])
    assert torch.equal(values, POINTS[:, :1].expand(5, 2))


@pytest.mark.parametrize("points_at_once", [1, 2])
def test_parameters_stay_when_the_loss_writes_to_its_argument_and_fails_half_way(points_at_once):
    params, direction = {"x": torch.tensor([1.0, 2.0])}, {"x": torch.ones(2)}
    calls = []

    def loss(theta):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the loss gave up")
        return theta["x"].mul_(100).sum()

    with pytest.raises(RuntimeError, match="the loss gave up"):
        evaluate(loss, params, [direction], POINTS[:, :1], points_at_once=points_at_once)
    assert params["x"].tolist() == [1.0, 2.0]
    assert direction["x"].tolist() == [1.0, 1.0]


def test_a_measure_may_take_gradients():
    params = {"x": torch.tensor([1.0, 2.0], dtype=torch.float64)}

    def gradient_norm(theta):
        with torch.enable_grad():
            x = theta["x"].requires_grad_()
            return torch.autograd.grad((x**2).sum(), x)[0].norm()

    values = evaluate(gradient_norm, params, [params], POINTS[:, :1])
    torch.testing.assert_close(values, 2 * 5**0.5 * (1 + POINTS[:, 0]))


def test_what_is_not_finite_is_kept():
    params = {"x": torch.zeros(1)}
    measures = evaluate(
        lambda p: torch.stack([p["x"][0].log(), 1 / p["x"][0]]), params, [params], POINTS[:2, :1]
    )
    assert measures.tolist() == [[-torch.inf, torch.inf]] * 2
    assert measures.dtype == torch.float64


def test_a_loss_must_return_a_scalar_or_one_vector():
    params = {"x": torch.zeros(1)}
    with pytest.raises(TypeError, match="loss must return a tensor, got float"):
        evaluate(lambda p: 1.0, params, [params], POINTS[:, :1])  # pyright: ignore
    with pytest.raises(ValueError, match=r"loss must return a scalar or a vector, got shape \(2, 2\)"):
        evaluate(lambda p: torch.zeros(2, 2), params, [params], POINTS[:, :1])
    sizes = iter([(), (3,)])
    with pytest.raises(ValueError, match=r"loss must return shape \(\) everywhere, got shape \(3,\)"):
        evaluate(lambda p: torch.zeros(next(sizes)), params, [params], POINTS[:, :1])
