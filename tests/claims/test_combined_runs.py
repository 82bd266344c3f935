import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.claims.combined_runs import Combination, Order, best_of, descend
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.optim.low_rank_model import LowRankModel


@pytest.fixture(scope="module")
def problem():
    features, labels = speech_features(num_frames=2, num_utterances=40)
    return SpeechProblem(perceptron(features.shape[1], 3), features, labels)


def model_and_matrix(size, rank, seed, damping):
    generator = torch.Generator().manual_seed(seed)
    V = torch.linalg.qr(torch.randn(size, rank, generator=generator, dtype=torch.float64))[0]
    mu = torch.rand(rank, generator=generator, dtype=torch.float64).sort(descending=True).values
    g = torch.randn(size, generator=generator, dtype=torch.float64)
    return LowRankModel(V, mu), damping * torch.eye(size, dtype=torch.float64) + V @ torch.diag(mu) @ V.T, g


@given(size=st.integers(3, 12), seed=st.integers(0, 99), damping=st.floats(0.05, 5))
@settings(deadline=None, max_examples=20)
def test_each_order_is_what_its_formula_says(size, seed, damping):
    model, B, g = model_and_matrix(size, 2, seed, damping)
    adagrad = lambda x: x.abs() + 1e-10  # noqa: E731 - its diagonal after one gradient
    expected: dict[Order, torch.Tensor] = {
        "curvature alone": torch.linalg.solve(B, g),
        "before": torch.linalg.solve(B, g) / adagrad(torch.linalg.solve(B, g)),
        "after": torch.linalg.solve(B, g / adagrad(g)),
        "in its metric": torch.linalg.solve(
            B + damping * torch.diag(adagrad(g) - 1), g
        ),
    }  # fmt: skip
    for order, direction in expected.items():
        found = Combination(order, "adagrad", damping).direction(g, model, {})
        torch.testing.assert_close(found, direction, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(
        Combination("adaptive alone", "adagrad").direction(g, None, {}), g / adagrad(g)
    )


def test_alone_it_is_torchs_rmsprop(problem):
    _, end = descend(problem, Combination("adaptive alone", "rmsprop"), 0.01, 5)
    params = {name: value.requires_grad_() for name, value in problem.params().items()}
    optimizer = torch.optim.RMSprop(list(params.values()), lr=0.01)
    for _ in range(5):
        optimizer.zero_grad()
        problem.loss(params).backward()
        optimizer.step()
    torch.testing.assert_close(end, torch.cat([p.detach().flatten() for p in params.values()]))


def test_losses_are_those_on_the_way(problem):
    losses, end = descend(problem, Combination("curvature alone"), 0.1, 3)
    assert len(losses) == 4
    operator = problem.operator()
    assert losses[0] == pytest.approx(float(operator.value))
    assert losses[-1] == pytest.approx(float(problem.loss(operator.unflatten(end))))
    assert losses[-1] < losses[0]


def test_a_run_that_blows_up_counts_as_the_start(problem):
    start = float(problem.loss(problem.params()))
    assert best_of(problem, Combination("adaptive alone"), (1e9,), 3) == pytest.approx(start)
    good = best_of(problem, Combination("adaptive alone"), (1e9, 0.5), 3)
    assert good == descend(problem, Combination("adaptive alone"), 0.5, 3)[0][-1] < start
