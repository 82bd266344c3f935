"""Claims 3.1 to 3.12 against autograd, torch's own optimisers and what can be counted by eye."""

import pytest
import torch
import torch.nn.functional as F
from torch.optim import SGD, Adam, AdamW

from hnrc_lib.claims import s3_program
from hnrc_lib.claims.linear_reader import LinearReader, linear_reader
from hnrc_lib.claims.s3_generalisation import raw_reader
from hnrc_lib.claims.s3_normalisation import _descend, _Network
from hnrc_lib.claims.s3_penalties import NUM_STEPS, RATES, STRENGTH, trained
from hnrc_lib.optim.regularization import L2, DecoupledDecay


@pytest.fixture(scope="module")
def reader():
    return linear_reader(120)


def test_the_gradient_is_autograds(reader):
    weights = torch.randn(25, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    leaf = weights.clone().requires_grad_()
    (expected,) = torch.autograd.grad(reader.loss(leaf), leaf)
    torch.testing.assert_close(reader.gradient(weights), expected)


def test_the_smoothness_bounds_every_curvature(reader):
    weights = torch.randn(25, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(reader.loss, weights).reshape(250, 250)
    assert torch.linalg.eigvalsh(hessian)[-1] < reader.smoothness


def test_the_minimiser_under_l2_has_no_slope(reader):
    weights = reader.minimiser_l2(0.01)
    slope = reader.gradient(weights) + 0.01 * F.pad(weights[:-1], (0, 0, 0, 1))
    assert slope.abs().max() < 1e-6


def test_the_minimiser_under_l1_is_scipys():
    """Split into parts ≥ 0, the penalty is linear and L-BFGS-B finds the same weights."""
    from scipy.optimize import minimize

    small = LinearReader(linear_reader(60).features[:, :3], linear_reader(60).labels)

    def objective(flat):
        plus, minus, bias = torch.from_numpy(flat).split([30, 30, 10])
        weights = torch.cat([(plus - minus).reshape(3, 10), bias[None]])
        slope = small.gradient(weights)
        inner = slope[:-1].flatten()
        value = small.loss(weights) + STRENGTH * (plus + minus).sum()
        return float(value), torch.cat([inner + STRENGTH, STRENGTH - inner, slope[-1]]).numpy()

    bounds = [(0, None)] * 60 + [(None, None)] * 10
    found = minimize(objective, torch.zeros(70).double().numpy(), jac=True, bounds=bounds, tol=1e-14)
    plus, minus, _ = torch.from_numpy(found.x).split([30, 30, 10])
    ours = small.minimiser_l1(STRENGTH, num_steps=6000)[:-1]
    torch.testing.assert_close(ours, (plus - minus).reshape(3, 10), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("kind", "rule", "theirs"),
    [
        (SGD, L2(STRENGTH), lambda groups: SGD(groups, lr=RATES[SGD])),
        (Adam, L2(STRENGTH), lambda groups: Adam(groups, lr=RATES[Adam])),
        (Adam, DecoupledDecay(STRENGTH), lambda groups: AdamW(groups, lr=RATES[Adam])),
    ],
    ids=["L2 with SGD", "L2 with Adam", "AdamW"],
)
def test_trained_as_by_torchs_own_decay(reader, kind, rule, theirs):
    inner, bias = (torch.nn.Parameter(part.clone()) for part in (reader.start()[:-1], reader.start()[-1:]))
    optimizer = theirs(
        [{"params": [inner], "weight_decay": STRENGTH}, {"params": [bias], "weight_decay": 0.0}]
    )
    for _ in range(NUM_STEPS):
        gradient = reader.gradient(torch.cat([inner, bias]).detach())
        inner.grad, bias.grad = gradient[:-1], gradient[-1:]
        optimizer.step()
    torch.testing.assert_close(
        trained(reader, kind, rule), torch.cat([inner, bias]).detach(), rtol=1e-6, atol=1e-8
    )


def test_what_is_l1_is_not_decay(measured):
    numbers = measured("3.1").numbers
    assert numbers["zeros_l1"] > 0.3 > numbers["zeros_l2"] == numbers["zeros_decoupled"] == 0
    assert numbers["l2_to_decoupled_sgd"] < 1e-12 < 0.1 < numbers["l2_to_decoupled_adam"]


def test_all_weights_are_zero_from_the_largest_slope_on(measured):
    numbers = measured("3.12").numbers
    assert numbers["zeros_above"] == 1 > numbers["zeros_below"]


def test_a_normalised_network_does_not_see_the_length_of_its_weights():
    features = linear_reader(40).features
    network = _Network(features, linear_reader(40).labels, normalise=True)
    start = network.start()
    torch.testing.assert_close(network.scores(3 * start), network.scores(start))
    decayed = _descend(network, start, decay=0.05)
    assert not torch.allclose(network.scores(decayed), network.scores(_descend(network, start)), atol=1e-3)


def test_the_waveform_is_that_of_the_utterance():
    reader = raw_reader("test", 20)
    assert reader.features.shape == (20, 240)
    torch.testing.assert_close(reader.features.square().mean(dim=1), torch.ones(20).double())


def test_what_the_printed_text_reads():
    assert s3_program.unbound("load_data") == ["x_test", "x_train", "y_test", "y_train"]
    assert s3_program.unbound("train") == ["loss"]
    assert s3_program.reads("train", "lambda_") == 0
    assert s3_program.reads("train", "lr") == 1


def test_decay_shrinks_the_lstm(measured):
    numbers = measured("3.7").numbers
    assert numbers["decayed_norm"] < 0.95 * numbers["plain_norm"]
    assert numbers["decayed_loss"] < 0.5 * numbers["first_loss"]
