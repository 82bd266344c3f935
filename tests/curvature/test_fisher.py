import pytest
import torch
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature import FisherLinearOperator, GGNLinearOperator
from hnrc_lib.curvature.vectors import flatten

X = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.tensor([0, 1, 2, 2, 1, 0])


@pytest.fixture
def model():
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).double()


@pytest.fixture
def params(model):
    return {name: value.detach() for name, value in model.named_parameters()}


def logits(model, rows=slice(None)):
    return lambda p: torch.func.functional_call(model, p, (X[rows],))


def gradients_one_by_one(model, labels):
    """(N, n): the gradient of each example's loss, by itself."""
    rows = []
    for x, y in zip(X, labels, strict=True):
        loss = functional.cross_entropy(model(x.unsqueeze(0)), y.unsqueeze(0))
        rows.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, list(model.parameters()))]))
    return torch.stack(rows)


def empirical(model, **options):
    return lambda p: functional.cross_entropy(logits(model)(p), Y, reduction="none")


def test_empirical_is_the_second_moment_of_the_gradients(model, params):
    rows = gradients_one_by_one(model, Y)
    mean = FisherLinearOperator(empirical(model), params)
    total = FisherLinearOperator(empirical(model), params, reduction="sum")
    torch.testing.assert_close(mean.to_dense(), rows.mT @ rows / 6)
    torch.testing.assert_close(total.to_dense(), rows.mT @ rows)
    torch.testing.assert_close(mean.diag(), (rows**2).mean(0))
    torch.testing.assert_close(flatten(mean.gradient), rows.mean(0))
    torch.testing.assert_close(flatten(total.gradient), rows.sum(0))
    torch.testing.assert_close(mean.value, functional.cross_entropy(model(X), Y).detach())


def test_over_data_the_sum_is_exact(model, params):
    rows = gradients_one_by_one(model, Y)
    F = FisherLinearOperator(
        lambda p, b: functional.cross_entropy(logits(model, b)(p), Y[b], reduction="none"),
        params,
        reduction="sum",
        data=[torch.tensor([3]), torch.tensor([0, 1, 2, 4, 5])],
    )
    torch.testing.assert_close(F.to_dense(), rows.mT @ rows)


def test_monte_carlo_comes_to_the_gauss_newton_matrix(model, params):
    exact = GGNLinearOperator(logits(model), lambda z: functional.cross_entropy(z, Y), params).to_dense()
    errors = []
    for samples in (50, 5000):
        F = FisherLinearOperator.monte_carlo(logits(model), params, num_samples=samples)
        errors.append(float((F.to_dense() - exact).norm() / exact.norm()))
    assert errors[1] < 0.03
    assert errors[1] < errors[0] / 4  # as 1/√S: a factor of ten, give or take


@pytest.mark.parametrize(
    ("likelihood", "loss"),
    [
        (
            "bernoulli",
            lambda z: functional.binary_cross_entropy_with_logits(z, z * 0 + 1, reduction="sum") / 6,
        ),
        ("normal", lambda z: (z**2).sum() / 12),
    ],
)
def test_the_other_likelihoods_come_to_their_gauss_newton_matrices(model, params, likelihood, loss):
    exact = GGNLinearOperator(logits(model), loss, params).to_dense()
    F = FisherLinearOperator.monte_carlo(logits(model), params, likelihood=likelihood, num_samples=5000)
    assert (F.to_dense() - exact).norm() < 0.05 * exact.norm()


def test_every_position_of_a_sequence_is_an_example():
    params = {"z": torch.tensor([[[0.0, 1.0], [2.0, 0.0]]], dtype=torch.float64)}
    F = FisherLinearOperator.monte_carlo(lambda p: p["z"], params, num_samples=20_000)
    blocks = []
    for row in params["z"].view(-1, 2):
        p = row.softmax(0)
        blocks.append((p.diag() - p.outer(p)) / 2)
    assert (F.to_dense() - torch.block_diag(*blocks)).abs().max() < 0.01


def test_labels_stay_the_same_and_depend_on_the_seed_alone(model, params):
    def dense(seed, global_seed):
        torch.manual_seed(global_seed)
        return FisherLinearOperator.monte_carlo(logits(model), params, seed=seed).to_dense()

    assert torch.equal(dense(1, 0), dense(1, 9))
    assert not torch.allclose(dense(1, 0), dense(2, 0))
    F = FisherLinearOperator.monte_carlo(
        lambda p, b: logits(model, b)(p), params, data=[torch.arange(3), torch.arange(3, 6)]
    )
    assert torch.equal(F.to_dense(), F.to_dense())
    halves = [
        FisherLinearOperator.monte_carlo(logits(model, torch.arange(3 * i, 3 * i + 3)), params, seed=i)
        for i in (0, 1)
    ]
    torch.testing.assert_close(F.to_dense(), halves[0].to_dense() + halves[1].to_dense())


def test_drawing_labels_leaves_the_global_generator_alone(model, params):
    torch.manual_seed(0)
    FisherLinearOperator.monte_carlo(logits(model), params, num_samples=3)
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))


def test_bad_arguments_are_refused_by_name(model, params):
    with pytest.raises(ValueError, match=r"likelihood must be one of .*'categorical'.*, got 'poisson'"):
        FisherLinearOperator.monte_carlo(logits(model), params, likelihood="poisson")
    with pytest.raises(ValueError, match="num_samples must be at least 1, got 0"):
        FisherLinearOperator.monte_carlo(logits(model), params, num_samples=0)
    with pytest.raises(ValueError, match="reduction must be 'mean' or 'sum', got 'max'"):
        FisherLinearOperator(empirical(model), params, reduction="max")
    with pytest.raises(ValueError, match=r"one entry an example, shape \(N,\), got \(6, 3\)"):
        FisherLinearOperator(logits(model), params)
