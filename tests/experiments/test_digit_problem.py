import pytest
import torch

from hnrc_lib.experiments.digit_problem import digit_problem, train_problem


@pytest.fixture(scope="module")
def small():
    return {"num_utterances": 120, "pooled": (3, 4), "hidden": 5, "seed": 7}


def test_the_loss_is_the_mean_negative_log_probability_of_the_digit_said(small):
    problem = digit_problem("digits", **small)
    logits = problem.model(problem.features)
    by_hand = -torch.stack(
        [row[label] - row.exp().sum().log() for row, label in zip(logits, problem.labels, strict=True)]
    ).mean()
    torch.testing.assert_close(problem.loss(problem.snapshot()), by_hand)
    assert problem.features.dtype == torch.float64


def test_features_are_standardised_over_the_training_set_and_every_digit_is_there(small):
    problem = digit_problem("digits", **small)
    assert problem.features.shape == (120, 12)
    torch.testing.assert_close(problem.features.mean(0), torch.zeros(12).double(), atol=1e-12, rtol=0)
    torch.testing.assert_close(problem.features.std(0), torch.ones(12).double())
    assert problem.labels.unique().tolist() == list(range(10))
    assert len(problem.corpus) == 120


def test_training_keeps_the_epochs_named_and_lowers_the_loss(small):
    problem = digit_problem("digits", **small)
    start = problem.snapshot()
    snapshots, curves = train_problem(problem, (0, 2, 5), learning_rate=0.02, batch_size=30, seed=1)
    assert len(snapshots) == 3
    assert all(torch.equal(start[name], snapshots[0][name]) for name in start)
    assert {len(curve) for curve in curves.values()} == {6}
    for epoch, params in zip((0, 2, 5), snapshots, strict=True):
        assert float(problem.loss(params)) == pytest.approx(curves["train_loss"][epoch])
    assert curves["train_loss"][5] < 0.8 * curves["train_loss"][0]


def test_the_seed_decides_everything(small):
    def trained(seed):
        problem = digit_problem("digits", **small | {"seed": seed})
        return train_problem(problem, (1,), learning_rate=0.02, batch_size=30, seed=seed)[1]["train_loss"][1]

    assert trained(3) == trained(3)
    assert trained(3) != trained(4)
