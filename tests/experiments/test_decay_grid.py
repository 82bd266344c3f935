import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from hnrc_lib.experiments import decay_grid
from hnrc_lib.experiments.decay_grid import Grid, forget_bias, gate_norms, train_once
from hnrc_lib.models import LSTM
from hnrc_lib.training.schedule import rate_factor

SMALL = decay_grid.Config(
    grids=(
        Grid("none", "adam", True, (0.01, 0.1), (0.0,)),
        Grid("l2", "adam", False, (0.01, 0.1), (0.1, 1.0, 10.0)),
    ),
    steps=4,
    seeds=(3, 4),
    batch_size=8,
    num_utterances=20,
    num_frames=5,
    hidden_size=6,
    corpus="digits",
    held_out=None,
)


@pytest.fixture(scope="module")
def record():
    return decay_grid.run(SMALL)


@pytest.fixture
def heard():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(20, 5, 4, generator=generator), torch.randint(10, (20,), generator=generator)


def fresh():
    return LSTM(4, 6, 10, pooling="mean", generator=torch.Generator().manual_seed(1))


def settings(**changes):
    return {"rate": 0.05, "decay": 0.7, "steps": 6, "batch_size": 20, "seed": 0} | changes


def test_every_combination_has_its_numbers(record):
    assert record.provenance.scale == "reduced"
    arrays = record.arrays
    assert arrays["l2_train_loss"].shape == arrays["l2_forget_bias"].shape == (2, 3, 2)
    assert arrays["none_wrong"].shape == (2, 1, 2, record.scalars["num_test"])
    assert arrays["l2_gates"].shape == (2, 3, 2, 2, 4)
    assert arrays["start_gates"].shape == (2, 2, 4)
    assert arrays["l2_decays"].tolist() == [0.1, 1.0, 10.0]
    assert np.unique(arrays["l2_train_loss"]).size == 12
    assert (np.diff(arrays["l2_gates"].sum((-1, -2)), axis=1) < 0).all()


@pytest.mark.parametrize(
    ("grid", "reference"),
    [
        (Grid("w", "adam", True, (), ()), torch.optim.AdamW),
        (Grid("l", "adam", False, (), ()), torch.optim.Adam),
    ],
)
def test_a_run_is_torchs_own_optimiser_with_decay_on_matrices_alone(heard, grid, reference):
    ours, theirs = fresh(), fresh()
    train_once(ours, heard, grid, **settings())
    parts = [[p for p in theirs.parameters() if (p.ndim > 1) == matrices] for matrices in (True, False)]
    groups = [{"params": part, "weight_decay": decay} for part, decay in zip(parts, (0.7, 0.0), strict=True)]
    optimizer = reference(groups, lr=0.05)
    for step in range(6):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * rate_factor("linear", step, 6)
        optimizer.zero_grad()
        cross_entropy(theirs(heard[0]), heard[1]).backward()
        optimizer.step()
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-3, atol=1e-4)


def test_a_matrix_without_gradient_shrinks_by_one_minus_the_product_of_rate_and_decay_at_every_step(heard):
    silent = (torch.zeros(20, 5, 4), heard[1])
    model = fresh()
    weight = dict(model.named_parameters())["recurrent.weight_ih_l0"]
    before = weight.detach().clone()
    train_once(model, silent, Grid("s", "sgd", True, (), ()), **settings())
    kept = math.prod(1 - 0.05 * 0.7 * rate_factor("linear", step, 6) for step in range(6))
    torch.testing.assert_close(weight.detach(), before * kept)


def test_a_diverged_run_has_no_loss_and_every_utterance_wrong():
    wild = replace(SMALL, grids=(Grid("wild", "sgd", True, (1e20,), (1.0,)),), seeds=(0,), steps=6)
    record = decay_grid.run(wild)
    assert record.scalars["diverged"] == {"wild": 1}
    assert np.isnan(record.arrays["wild_train_loss"]).all()
    assert record.arrays["wild_wrong"].all()


def test_gates_are_the_rows_of_the_stacked_matrices():
    model = fresh()
    with torch.no_grad():
        weights = {name.removeprefix("recurrent."): value for name, value in model.named_parameters()}
        for name, scale in (("weight_ih_l0", 1.0), ("weight_hh_l0", 10.0)):
            for gate in range(4):
                weights[name][6 * gate : 6 * gate + 6] = scale * (gate + 1)
        weights["bias_ih_l0"].copy_(torch.arange(24.0))
        weights["bias_hh_l0"].fill_(1.0)
    expected = np.outer([1, 10], [1, 2, 3, 4]) * np.sqrt([[6 * 4], [6 * 6]])
    np.testing.assert_allclose(gate_norms(model), expected, rtol=1e-6)
    assert forget_bias(model) == pytest.approx(np.arange(6, 12).mean() + 1)
