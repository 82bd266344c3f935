import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_network import entry_by_entry, smooth_problem

from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.curvature.trace import hessian_trace
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
