import math

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_network import entry_by_entry, smooth_problem
from torch import nn

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator
from hnrc_lib.curvature.supervised import SupervisedLoss
from hnrc_lib.curvature.trace import hessian_trace
from hnrc_lib.curvature.trace_result import HessianTrace
from hnrc_lib.linalg import (
    conjugate_gradient,
    effective_dimension,
    hutchinson_trace,
    spectral_density,
    top_eigenpairs,
)

LOSS, PARAMS = smooth_problem()
EXACT = entry_by_entry(LOSS, PARAMS)
LAYERS = [["0.weight", "0.bias"], ["2.weight", "2.bias"], ["4.weight", "4.bias"]]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def block_traces(groups):
    """Trace of every block from the matrix that was differentiated entry by entry."""
    sizes = {name: value.numel() for name, value in PARAMS.items()}
    pieces = dict(zip(PARAMS, EXACT.diagonal().split(list(sizes.values())), strict=True))
    return {group[0]: float(sum(pieces[name].sum() for name in group)) for group in groups}


@given(chunk_size=st.integers(1, 20), by_layer=st.booleans())
@settings(max_examples=10)
def test_enough_probes_make_every_block_exact(chunk_size, by_layer):
    groups = LAYERS if by_layer else [[name] for name in PARAMS]
    trace = hessian_trace(LOSS, PARAMS, 16, groups=groups, chunk_size=chunk_size)
    assert trace.value == pytest.approx(float(EXACT.trace()), rel=1e-10)
    assert trace.standard_error == 0.0
    assert trace.num_products == len(EXACT)
    for name, expected in block_traces(groups).items():
        assert trace.blocks[name].value == pytest.approx(expected, rel=1e-9, abs=1e-12)


def quadratic():
    """½ θᵀAθ with a known trace, over blocks of different size and scatter."""
    sizes = {"small": 5, "wild": 30, "calm": 60}
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(95, 95, generator=generator, dtype=torch.float64)
    root[:, 35:] *= 0.3
    matrix = root.mT @ root / 95
    params = {name: torch.zeros(size, dtype=torch.float64) for name, size in sizes.items()}

    def loss(values):
        point = torch.cat(list(values.values()))
        return point @ matrix @ point / 2

    return loss, params, float(matrix.trace())


QUADRATIC, POINT, TRUTH = quadratic()


def traces_of_the_quadratic(count, num_probes, **options):
    return [
        hessian_trace(QUADRATIC, POINT, num_probes, chunk_size=64, generator=seeded(seed), **options)
        for seed in range(count)
    ]


class TestStoppingAtARelativeError:
    @pytest.mark.parametrize("rtol", [0.1, 0.03])
    def test_the_error_claimed_and_the_error_made_are_as_small_as_asked(self, rtol):
        traces = traces_of_the_quadratic(40, 8, rtol=rtol)
        assert all(t.standard_error <= rtol * abs(t.value) for t in traces)
        errors = torch.tensor([t.value - TRUTH for t in traces])
        assert float(errors.square().mean().sqrt()) <= rtol * TRUTH

    @pytest.mark.parametrize("rtol", [None, 0.02])
    def test_the_interval_covers_as_often_as_it_says(self, rtol):
        intervals = [t.interval() for t in traces_of_the_quadratic(200, 8, rtol=rtol)]
        assert sum(low <= TRUTH <= high for low, high in intervals) >= 180

    def test_probes_go_where_they_help(self):
        (trace,) = traces_of_the_quadratic(1, 8, rtol=0.02)
        calm, wild = trace.blocks["calm"], trace.blocks["wild"]
        assert trace.blocks["small"].num_matvecs == 5
        assert wild.num_matvecs > 2 * calm.num_matvecs
        # The same products spread evenly leave more error.
        even = traces_of_the_quadratic(40, trace.num_products // 2)
        spread = torch.tensor([t.value for t in even]).std()
        ours = torch.tensor([t.value for t in traces_of_the_quadratic(40, 8, rtol=0.02)]).std()
        assert ours < spread

    def test_a_block_that_would_need_more_probes_than_it_has_rows_is_summed(self):
        (trace,) = traces_of_the_quadratic(1, 8, rtol=1e-9)
        assert trace.value == pytest.approx(TRUTH, rel=1e-12)
        assert trace.standard_error == 0.0
        assert trace.num_products == 5 + (8 + 30) + (8 + 60)
        assert trace.degrees_of_freedom == math.inf

    def test_it_stops_at_the_cap_and_says_how_far_it_came(self):
        for cap in (8, 50, 51, 52, 60):
            (trace,) = traces_of_the_quadratic(1, 8, rtol=1e-9, max_products=cap)
            assert trace.num_products == max(cap, 8 + 8 + 5)
            assert trace.standard_error > 1e-9 * TRUTH

    def test_few_eigenvalues_that_carry_the_trace_are_taken_exactly(self):
        generator = torch.Generator().manual_seed(0)
        basis, _ = torch.linalg.qr(torch.randn(400, 400, generator=generator, dtype=torch.float64))
        spectrum = torch.cat([torch.tensor([50.0, 30.0, -8.0]).double(), torch.full((397,), 0.01).double()])
        matrix = basis * spectrum @ basis.mT
        params = {"x": torch.zeros(400, dtype=torch.float64)}

        def loss(values):
            return values["x"] @ matrix @ values["x"] / 2

        traces = [
            hessian_trace(loss, params, 8, rtol=0.01, chunk_size=64, generator=seeded(seed))
            for seed in range(40)
        ]
        truth = float(spectrum.sum())
        # Plain probes: 2‖A‖² / (0.01 tr A)² = 12 000.
        assert max(trace.num_products for trace in traces) <= 100
        assert max(abs(trace.value - truth) for trace in traces) <= 0.04 * truth
        assert sum(low <= truth <= high for low, high in (trace.interval() for trace in traces)) >= 35

    def test_a_single_number_is_a_block_as_well(self):
        params = {"x": torch.ones(30).double(), "y": torch.tensor(3.0).double()}

        def loss(values):
            return values["x"].sum() ** 2 / 60 + values["x"].square().sum() + values["y"] ** 2

        trace = hessian_trace(loss, params, 2, rtol=0.05, generator=seeded(0))
        assert trace.blocks["y"].value == 2.0
        assert trace.value == pytest.approx(63.0, rel=0.2)

    def test_a_trace_of_zero_ends_as_well(self):
        params = {"x": torch.zeros(300, dtype=torch.float64)}
        signs = torch.tensor([1.0, -1.0]).double().repeat(150)

        def loss(values):
            return (values["x"] * signs) @ values["x"] + values["x"][0] * values["x"][1]

        trace = hessian_trace(loss, params, 3, rtol=0.01, max_products=200, generator=seeded(0))
        assert trace.num_products <= 200
        assert abs(trace.value) <= 4 * trace.standard_error


@pytest.mark.parametrize(
    ("degrees", "confidence", "quantile"),
    [(3, 0.95, 3.182), (7, 0.95, 2.365), (7, 0.99, 3.499), (30, 0.9, 1.697), (10**6, 0.95, 1.960)],
)
def test_the_interval_has_the_width_of_student(degrees, confidence, quantile):
    low, high = HessianTrace(6.0, 2.0, degrees, {}, float(degrees)).interval(confidence)
    assert (high + low) / 2 == pytest.approx(6.0)
    assert (high - low) / 4 == pytest.approx(quantile, rel=0.005)


def test_degrees_of_freedom_lie_between_one_block_and_all():
    trace = hessian_trace(LOSS, PARAMS, 8, groups=LAYERS, generator=seeded(0))
    variances = torch.tensor([part.standard_error**2 for part in trace.blocks.values()])
    assert int((variances > 0).sum()) == 2  # the last layer is no larger than the probes
    expected = float(variances.sum() ** 2 / (variances**2 / 7).sum())
    assert trace.degrees_of_freedom == pytest.approx(expected, rel=1e-5)
    assert 7 < expected < 14
    assert hessian_trace(LOSS, PARAMS, 16).degrees_of_freedom == math.inf


def test_an_exact_trace_has_no_width_and_one_probe_an_unknown_one():
    assert hessian_trace(LOSS, PARAMS, 16).interval()[0] == hessian_trace(LOSS, PARAMS, 16).value
    assert all(math.isnan(end) for end in hessian_trace(LOSS, PARAMS, 1).interval())
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1, got 1"):
        hessian_trace(LOSS, PARAMS, 1).interval(1)


@pytest.mark.parametrize(("groups", "num_probes"), [(LAYERS, 8), (None, 8)])
def test_the_error_bar_is_true_overall_and_in_every_block(groups, num_probes):
    traces = [
        hessian_trace(LOSS, PARAMS, num_probes, groups=groups, generator=seeded(seed)) for seed in range(120)
    ]
    truth = float(EXACT.trace())
    covered = sum(abs(t.value - truth) <= 2.4 * t.standard_error for t in traces) / 120
    assert covered >= 0.88
    claimed = torch.tensor([t.standard_error for t in traces]).square().mean().sqrt()
    assert float(claimed) == pytest.approx(float(torch.tensor([t.value for t in traces]).std()), rel=0.2)
    for name, expected in block_traces(groups or [[n] for n in PARAMS]).items():
        part = [t.blocks[name] for t in traces]
        error = torch.tensor([p.value for p in part]).std() / 120**0.5
        mean = float(torch.tensor([p.value for p in part], dtype=torch.float64).mean())
        assert mean == pytest.approx(expected, abs=4.5 * float(error) + 1e-9)


def test_blocks_scatter_less_than_probes_over_all_parameters():
    operator = HessianLinearOperator(LOSS, PARAMS)
    values = [
        (
            hutchinson_trace(operator, 8, generator=seeded(seed)).value,
            hessian_trace(LOSS, PARAMS, 8, groups=LAYERS, generator=seeded(seed)).value,
            hessian_trace(LOSS, PARAMS, 8, generator=seeded(seed)).value,
        )
        for seed in range(60)
    ]
    plain, by_layer, by_tensor = torch.tensor(values, dtype=torch.float64).std(dim=0).tolist()
    assert by_tensor < by_layer < plain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_probes": 0}, "num_probes must be at least 1, got 0"),
        ({"num_probes": 1, "rtol": 0.1}, "num_probes must be at least 2, got 1"),
        ({"rtol": 0.0}, "rtol must be positive and finite, got 0.0"),
        ({"rtol": math.inf}, "rtol must be positive and finite, got inf"),
        ({"rtol": 0.1, "max_products": 0}, "max_products must be at least 1, got 0"),
        ({"chunk_size": 0}, "chunk_size must be at least 1, got 0"),
        ({"groups": LAYERS[:2]}, "groups must hold each of"),
        ({"groups": [*LAYERS, ["0.bias"]]}, "groups must hold each of"),
        ({"loss": lambda p: p["0.bias"].sum()}, "loss must depend on every parameter"),
    ],
)
def test_bad_input_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        hessian_trace(**{"loss": LOSS, "params": PARAMS, "num_probes": 2} | arguments)


def test_a_second_derivative_that_is_not_finite_is_named():
    params = {"x": torch.tensor([1.0, 0.0, 0.0])}
    with pytest.raises(ValueError, match=r"the product with block \['x'\] must be finite"):
        hessian_trace(lambda p: (p["x"] ** 1.5).sum(), params, 2)


class TestTheHessianOperatorServesEveryAlgorithm:
    operator = HessianLinearOperator(LOSS, PARAMS)
    spectrum = torch.linalg.eigvalsh(EXACT)

    def test_eigenpairs(self):
        pairs = top_eigenpairs(self.operator, 4, which="both", rtol=1e-8, generator=seeded(0))
        expected = torch.cat([self.spectrum.flip(0)[:4], self.spectrum[:4]])
        assert pairs.converged
        torch.testing.assert_close(pairs.eigenvalues, expected, rtol=1e-10, atol=1e-10)
        U = pairs.eigenvectors
        torch.testing.assert_close(EXACT @ U, U * pairs.eigenvalues, rtol=0, atol=1e-7)

    def test_density_and_effective_dimension(self):
        density = spectral_density(self.operator, num_vectors=200, num_steps=39, generator=seeded(0))
        assert density.wasserstein_distance(self.spectrum) < 0.1 * float(self.spectrum.abs().mean())
        damping = 2 * float(self.spectrum.abs().max())
        error = len(EXACT) * density.expectation(lambda h: h / (h + damping))[1]
        exact = effective_dimension(self.spectrum, damping)
        assert effective_dimension(density, damping) == pytest.approx(exact, abs=4 * error)

    def test_damped_conjugate_gradients(self):
        damping = 0.1 - float(self.spectrum[0])
        gradient = self.operator.flatten(self.operator.gradient)
        result = conjugate_gradient(self.operator.damped(damping), gradient, rtol=1e-10, max_steps=400)
        expected = torch.linalg.solve(EXACT + damping * torch.eye(39, dtype=torch.float64), gradient)
        assert result.reason == "converged"
        torch.testing.assert_close(result.solution, expected, rtol=1e-7, atol=1e-9)

    def test_too_little_damping_shows_a_direction_of_negative_curvature(self):
        assert float(self.spectrum[0]) < 0
        gradient = self.operator.flatten(self.operator.gradient)
        result = conjugate_gradient(self.operator, gradient, rtol=1e-12, max_steps=400)
        assert result.reason == "negative_curvature"
        direction = self.operator.unflatten(result.direction)
        product = self.operator @ direction
        assert sum(float((direction[n] * product[n]).sum()) for n in PARAMS) < 0


def supervised(*layers):
    torch.manual_seed(3)
    model = nn.Sequential(*layers).double()
    inputs, targets = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1])
    loss = SupervisedLoss(model, inputs, lambda z: nn.functional.cross_entropy(z, targets))
    return loss, {name: value.detach() for name, value in model.named_parameters()}


def test_a_piecewise_linear_network_in_view_needs_no_probes():
    loss, params = supervised(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    expected = entry_by_entry(loss, params).diag()
    groups = [["0.weight", "0.bias"], ["2.bias", "2.weight"]]
    trace = hessian_trace(loss, params, 1, groups=groups)
    assert trace.value == pytest.approx(float(expected.sum()), rel=1e-10)
    assert (trace.standard_error, trace.not_exact_because) == (0.0, None)
    assert list(trace.blocks) == ["0.weight", "2.bias"]
    assert trace.blocks["2.bias"].value == pytest.approx(float(expected[16:].sum()), rel=1e-10)


def test_another_network_in_view_is_probed_and_the_result_says_why():
    loss, params = supervised(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    trace = hessian_trace(loss, params, 12)  # as many as the largest block has entries
    assert "tanh" in trace.not_exact_because
    assert trace.value == pytest.approx(float(entry_by_entry(loss, params).diag().sum()), rel=1e-10)


def test_the_parts_in_view_make_the_gauss_newton_matrix():
    loss, params = supervised(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    G = GGNLinearOperator(loss.outputs, loss.criterion, params)
    # Piecewise linear: the diagonals of both matrices are the same.
    torch.testing.assert_close(G.diag(), entry_by_entry(loss, params).diag())
