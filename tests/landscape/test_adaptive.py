import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from hnrc_lib.datasets import load_digits, spectrograms
from hnrc_lib.landscape import ModuleLoss, adaptive_plane, filter_normalize, plane, random_direction
from hnrc_lib.landscape.adaptive import _held_out_points
from hnrc_lib.models import CNN

ORIGIN = {"x": torch.zeros(2, dtype=torch.float64)}
AXES = [{"x": row} for row in torch.eye(2, dtype=torch.float64)]


class Counted:
    """A function of (α, β) as a loss that counts its evaluations."""

    def __init__(self, function):
        self.function, self.count = function, 0

    def __call__(self, params):
        self.count += 1
        return self.function(*params["x"])


def draw(function, seed=0, **options):
    loss = Counted(function)
    drawn = adaptive_plane(loss, ORIGIN, *AXES, generator=torch.Generator().manual_seed(seed), **options)
    assert drawn.num_evaluations == loss.count
    return drawn


def on_the_grid(function, drawn):
    alpha, beta = torch.meshgrid(drawn.alpha, drawn.beta, indexing="ij")
    return function(alpha, beta)


def largest_error(function, drawn):
    truth = on_the_grid(function, drawn)
    return float((drawn.values - truth).abs().max() / (truth.max() - truth.min()))


SMOOTH = {
    "cosines": (lambda a, b: torch.cos(2 * a) * torch.cos(b - 0.3), 7),
    "softplus": (lambda a, b: torch.log1p(torch.exp(6 * a + 2 * b)), 13),
    "narrow bowl": (lambda a, b: 1 / (1 + 3 * a**2 + b**2), 13),
    "narrower": (lambda a, b: 1 / (1 + 9 * a**2 + b**2), 25),
}
ROUGH = {
    "step": lambda a, b: (a + 0.3 * b > 0.1).double(),
    "kink": lambda a, b: (a - 0.5 * b).abs(),
    "noise": lambda a, b: torch.sin(1e4 * a) * torch.sin(1e4 * b),
    "waves": lambda a, b: torch.sin(40 * a + b),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_function_takes_few_evaluations_and_is_right_everywhere(name, seed):
    function, nodes = SMOOTH[name]
    drawn = draw(function, seed)
    assert not drawn.fell_back
    assert drawn.nodes_per_axis == nodes
    assert drawn.num_evaluations == nodes**2 + 36
    assert largest_error(function, drawn) <= drawn.estimated_error <= 0.005
    if nodes <= 13:
        assert 10 * drawn.num_evaluations <= 51 * 51


@pytest.mark.parametrize("name", ROUGH)
@pytest.mark.parametrize("seed", range(3))
def test_a_rough_function_is_evaluated_everywhere(name, seed):
    drawn = draw(ROUGH[name], seed)
    assert drawn.fell_back
    assert drawn.estimated_error > 0.005
    torch.testing.assert_close(drawn.values, on_the_grid(ROUGH[name], drawn), rtol=0, atol=1e-10)
    # Held-out points count once; nodes were in vain, and no more than the 13 × 13 were tried.
    assert drawn.num_evaluations == 51 * 51 + 13 * 13


def test_held_out_errors_are_those_of_the_interpolant():
    function = SMOOTH["softplus"][0]
    drawn = draw(function)
    errors = (drawn.values - on_the_grid(function, drawn)).abs().flatten()
    held_out = _held_out_points(51, 51, torch.Generator().manual_seed(0))
    shares = drawn.held_out_errors * (drawn.values.max() - drawn.values.min())
    torch.testing.assert_close(errors[held_out], shares, rtol=0.01, atol=1e-12)
    assert drawn.estimated_error == pytest.approx(3 * drawn.held_out_errors.max().item())


def test_the_largest_error_stays_within_the_tolerance_asked_for():
    function = SMOOTH["narrower"][0]
    for tolerance, nodes in ((0.1, 13), (0.005, 25)):
        drawn = draw(function, tolerance=tolerance)
        assert drawn.nodes_per_axis == nodes
        assert largest_error(function, drawn) <= tolerance
    assert draw(function, tolerance=0.0).fell_back


@pytest.mark.parametrize("missing", [torch.nan, torch.inf, -torch.inf])
def test_a_value_that_is_not_finite_calls_for_the_full_grid(missing):
    def function(a, b):
        return torch.where(a + b > 1.5, missing, a * b)

    drawn = draw(function)
    assert drawn.fell_back
    assert drawn.estimated_error == torch.inf
    torch.testing.assert_close(drawn.values, on_the_grid(function, drawn), equal_nan=True)
    assert drawn.num_evaluations == 51 * 51 + 7 * 7


@settings(max_examples=15)
@given(
    rows=st.integers(2, 30),
    columns=st.integers(2, 30),
    low=st.floats(-2, 0.5),
    width=st.floats(0.1, 3),
    seed=st.integers(0, 9),
)
def test_a_quadratic_is_right_on_any_grid(rows, columns, low, width, seed):
    def function(a, b):
        return 3 + a - 2 * b + a**2 + a * b - b**2

    drawn = draw(function, seed, extent=((low, low + width), (-1.0, 2.0)), num_points=(rows, columns))
    np.testing.assert_allclose(drawn.alpha, np.linspace(low, low + width, rows), atol=1e-12)
    np.testing.assert_allclose(drawn.beta, np.linspace(-1, 2, columns), atol=1e-12)
    np.testing.assert_allclose(drawn.values, on_the_grid(function, drawn), atol=1e-10)
    held_out = min(rows, 6) * min(columns, 6)
    assert drawn.num_evaluations <= min(rows * columns, 49 + held_out)
    assert drawn.fell_back == (49 + len(drawn.held_out_errors) >= rows * columns or drawn.nodes_per_axis == 0)


def test_a_constant_and_zero_are_constant():
    for value in (5.0, 0.0):
        drawn = draw(lambda a, b, c=value: 0 * a + c)
        assert not drawn.fell_back
        torch.testing.assert_close(drawn.values, torch.full((51, 51), value).double(), rtol=1e-12, atol=0)


def test_every_measure_must_pass():
    def measures(a, b):
        return torch.stack([torch.cos(a) * b, torch.exp(a - b)])

    drawn = draw(measures)
    assert not drawn.fell_back
    assert drawn.values.shape == (51, 51, 2)
    assert drawn.held_out_errors.shape == (36, 2)
    truth = torch.movedim(on_the_grid(measures, drawn), 0, -1)
    assert ((drawn.values - truth).abs() / (truth.amax((0, 1)) - truth.amin((0, 1)))).max() <= 0.005
    assert draw(lambda a, b: torch.stack([torch.cos(a) * b, (a > 0.1).double()])).fell_back


@pytest.mark.parametrize(("name", "calls"), [("cosines", 85), ("step", 51 * 51 + 169)])
def test_progress_counts_every_evaluation(name, calls):
    seen = []
    function = SMOOTH[name][0] if name in SMOOTH else ROUGH[name]
    draw(function, progress=lambda *counts: seen.append(counts))
    assert [done for done, _ in seen] == list(range(1, calls + 1))
    assert all(done <= total for done, total in seen)
    assert seen[-1] == (calls, calls)


def test_several_points_at_once_give_the_same_plane():
    function = SMOOTH["softplus"][0]
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    one, many = (
        adaptive_plane(lambda p: function(*p["x"]), ORIGIN, *AXES, points_at_once=n, generator=g)
        for n, g in zip((1, 32), generators, strict=True)
    )
    torch.testing.assert_close(one.values, many.values, rtol=1e-12, atol=1e-12)
    assert one.num_evaluations == many.num_evaluations


@given(rows=st.integers(6, 60), columns=st.integers(6, 60), seed=st.integers(0, 99))
def test_held_out_points_are_spread_and_are_no_nodes(rows, columns, seed):
    chosen = _held_out_points(rows, columns, torch.Generator().manual_seed(seed))
    assert len(set(chosen.tolist())) == len(chosen)
    nodes = np.cos(np.pi * np.arange(25) / 24)
    for flat in chosen.tolist():
        at = np.linspace(-1, 1, rows)[flat // columns], np.linspace(-1, 1, columns)[flat % columns]
        assert not all(np.abs(nodes - x).min() < 1e-12 for x in at)
    if min(rows, columns) >= 12:
        assert len(chosen) == 36


def test_a_tolerance_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"tolerance must be at least 0, got -0\.1"):
        draw(SMOOTH["cosines"][0], tolerance=-0.1)


@pytest.mark.parametrize("which", ["u", "v"])
def test_the_direction_at_fault_is_named(which):
    directions = dict(zip("uv", AXES, strict=True)) | {which: {"x": torch.ones(3).double()}}
    with pytest.raises(ValueError, match=rf"{which}: vector must match params"):
        adaptive_plane(lambda p: p["x"].sum(), ORIGIN, directions["u"], directions["v"])


def trained(model, inputs, labels, num_steps, learning_rate):
    """Loss, parameters and two filter-normalised directions of a model trained in a few steps."""
    optimizer = torch.optim.Adam(model.parameters(), learning_rate)
    for _ in range(num_steps):
        optimizer.zero_grad()
        cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    params, generator = dict(model.named_parameters()), torch.Generator().manual_seed(1)
    directions = [filter_normalize(random_direction(params, generator), params) for _ in range(2)]
    return ModuleLoss(model, lambda m: cross_entropy(m(inputs), labels)), params, *directions


def test_a_convolutional_network_on_spoken_digits_is_smooth_enough():
    chosen = load_digits("dev", language="en")[::4]
    features, labels = spectrograms(chosen, num_frames=18, n_mels=18)
    generator = torch.Generator().manual_seed(0)
    model = CNN(18, 18, channels=(4, 6, 6), hidden=8, activation="tanh", generator=generator)
    problem = trained(model, features / features.std(), labels, num_steps=60, learning_rate=1e-2)
    drawn = adaptive_plane(*problem, extent=0.1, num_points=31, generator=torch.Generator().manual_seed(0))
    assert not drawn.fell_back
    assert drawn.num_evaluations == 13 * 13 + 36
    full = plane(*problem, extent=0.1, num_points=31)
    reach = full.values.max() - full.values.min()
    assert (drawn.values - full.values).abs().max() <= 0.005 * reach


def test_a_recurrent_network_far_from_its_weights_is_not():
    torch.manual_seed(0)
    model = First(nn.RNN(3, 16, batch_first=True))
    problem = trained(model, torch.randn(16, 40, 3), torch.randint(0, 16, (16,)), 80, learning_rate=1e-2)
    drawn = adaptive_plane(*problem, extent=1.0, num_points=21, generator=torch.Generator().manual_seed(0))
    assert drawn.fell_back
    full = plane(*problem, extent=1.0, num_points=21)
    assert torch.equal(drawn.values, full.values)


class First(nn.Module):
    """The outputs of a recurrent layer, averaged over time."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, inputs):
        return self.layer(inputs)[0].mean(1)
