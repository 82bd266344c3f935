import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.linalg import DenseOperator, LinearOperator, rank_one_corrected_step
from hnrc_lib.optim.low_rank_model import low_rank_model, rank_one_model, solve_damped

F64 = torch.float64


def with_basis(seed, eigenvalues, dtype=F64):
    generator = torch.Generator().manual_seed(seed)
    size = len(eigenvalues)
    basis = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=F64))[0]
    matrix = basis @ torch.diag(torch.as_tensor(eigenvalues, dtype=F64)) @ basis.mT
    return ((matrix + matrix.mT) / 2).to(dtype), basis.to(dtype)


def model_matrix(model):
    return model.vectors @ torch.diag(model.values) @ model.vectors.mT


spectra = st.lists(st.floats(-12, 6), min_size=2, max_size=9).map(lambda e: [10.0**x for x in e])


@given(spectrum=spectra, power=st.floats(-14, 12), seed=st.integers(0, 99), double=st.booleans())
@settings(max_examples=60)
def test_the_solve_is_as_exact_as_the_data_allow(spectrum, power, seed, double):
    dtype, damping = (F64 if double else torch.float32), 10.0**power
    values = torch.tensor(sorted(spectrum, reverse=True)[: len(spectrum) // 2 + 1], dtype=dtype)
    _, basis = with_basis(seed, spectrum, dtype)
    vectors, kept = basis[:, : len(values)], values.double()
    b = torch.randn(len(spectrum), generator=torch.Generator().manual_seed(seed), dtype=dtype)
    full = vectors.double() @ torch.diag(kept) @ vectors.double().mT
    damped = full + damping * torch.eye(len(b), dtype=F64)
    uniform = solve_damped(damping, vectors, values, b)
    each = solve_damped(torch.full_like(b, damping), vectors, values, b)
    bound = 50 * float(1 + kept[0] / damping) * torch.finfo(dtype).eps  # condition times rounding
    for found in (uniform, each):
        assert bool(torch.isfinite(found).all())
        if bound < 0.5:
            wanted = torch.linalg.solve(damped, b.double())
            assert float((found - wanted).norm() / wanted.norm()) < bound


def test_woodbury_is_the_inverse_in_any_metric():
    generator = torch.Generator().manual_seed(2)
    vectors = torch.linalg.qr(torch.randn(12, 3, generator=generator, dtype=F64))[0]
    b, metric = torch.randn(2, 12, generator=generator, dtype=F64)
    for scale, values in ((1.0, [5.0, 2.0, 0.1]), (1e-10, [5.0, 2.0, 0.1]), (1.0, [5.0, 0.0, 0.0])):
        mu, D = torch.tensor(values, dtype=F64), scale * metric.exp()
        full = vectors @ torch.diag(mu) @ vectors.mT + torch.diag(D)
        wanted = torch.linalg.inv(full) @ b
        found = solve_damped(D, vectors, mu, b)
        torch.testing.assert_close(found, wanted, rtol=1e-9 if scale == 1 else 1e-3, atol=0)


@pytest.mark.parametrize("each", [False, True])
def test_the_floor_has_a_limit_and_no_floor_has_none(each):
    vectors, values = torch.eye(4, dtype=F64)[:, :2], torch.tensor([9.0, 4.0], dtype=F64)
    b = torch.ones(4, dtype=F64)
    for damping in (1e-3, 1e-9):
        metric = torch.full_like(b, damping) if each else damping
        found = solve_damped(metric, vectors, values, b, floor=True)
        wanted = torch.tensor([1 / (9 + damping), 1 / (4 + damping), 0.25, 0.25], dtype=F64)
        torch.testing.assert_close(found, wanted)
        assert float(solve_damped(metric, vectors, values, b).norm()) == pytest.approx(
            2**0.5 / damping, rel=1e-3
        )
    # Where λ lies above the curvature that is kept, the floor does nothing.
    high = torch.full_like(b, 50.0) if each else 50.0
    found = solve_damped(high, vectors, values, b, floor=True)
    torch.testing.assert_close(found, solve_damped(high, vectors, values, b))


def test_the_floor_is_no_rounding_of_a_matrix_of_lower_rank():
    matrix, _ = with_basis(3, [100.0, 10.0] + [0.0] * 18, torch.float32)
    model = low_rank_model(
        DenseOperator(matrix), torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
    )
    b = torch.ones(20)
    found = solve_damped(1e-7, model.vectors, model.values, b, floor=True)
    assert float(found.norm()) < 1.1 * float(b.norm()) / 10


@given(spectrum=spectra, k=st.integers(1, 5), seed=st.integers(0, 99), double=st.booleans())
@settings(max_examples=40)
def test_nystrom_lies_between_zero_and_the_matrix(spectrum, k, seed, double):
    dtype = F64 if double else torch.float32
    matrix, _ = with_basis(seed, spectrum, dtype)
    test = torch.randn(len(spectrum), k, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    model = low_rank_model(DenseOperator(matrix), test[:, : len(spectrum)])
    rounding = 100 * torch.finfo(dtype).eps ** (2 / 3) * max(spectrum)
    gap = torch.linalg.eigvalsh(matrix.double() - model_matrix(model).double())
    assert float(gap[0]) > -rounding
    assert float(model.values[-1]) >= 0
    assert bool((model.values.diff() <= 0).all())
    k = model.vectors.shape[1]
    gram = model.vectors.double().mT @ model.vectors.double()
    torch.testing.assert_close(gram, torch.eye(k, dtype=F64), rtol=0, atol=100 * torch.finfo(dtype).eps)


def test_full_rank_is_the_matrix_and_an_indefinite_one_has_its_eigenvalues_turned():
    spectrum = [7.0, -5.0, 3.0, -0.5]
    matrix, basis = with_basis(1, spectrum)
    turned = basis @ torch.diag(torch.tensor(spectrum, dtype=F64).abs()) @ basis.mT
    model = low_rank_model(DenseOperator(matrix), torch.eye(4, dtype=F64))
    torch.testing.assert_close(model_matrix(model), turned)
    assert model.reason == "negative curvature turned around"
    plain = low_rank_model(DenseOperator(turned), torch.eye(4, dtype=F64))
    torch.testing.assert_close(model_matrix(plain), turned)
    assert plain.reason is None


@given(spectrum=st.lists(st.floats(0.01, 100), min_size=2, max_size=6), seed=st.integers(0, 50))
@settings(max_examples=30)
def test_rank_one_is_the_corrected_inverse(spectrum, seed):
    matrix, _ = with_basis(seed, spectrum)
    generator = torch.Generator().manual_seed(seed)
    v, g = torch.randn(2, len(spectrum), generator=generator, dtype=F64)
    model = rank_one_model(DenseOperator(matrix), 1e3 * v)
    for damping in (1e-6, 1.0, 1e6):
        wanted = rank_one_corrected_step(matrix @ v, v, g, damping).solution
        torch.testing.assert_close(solve_damped(damping, model.vectors, model.values, g), wanted)
    assert float(model.values) == pytest.approx(float((matrix @ v) @ (matrix @ v) / (v @ matrix @ v)))


def test_rank_one_turns_negative_curvature_and_names_what_breaks():
    H = DenseOperator(torch.diag(torch.tensor([4.0, -4.0], dtype=F64)))
    turned = rank_one_model(H, torch.tensor([0.0, 3.0], dtype=F64))
    assert (turned.values.tolist(), turned.reason) == ([4.0], "negative curvature turned around")
    undefined = rank_one_model(H, torch.ones(2, dtype=F64))
    assert (undefined.values.tolist(), undefined.reason) == ([0.0], "curvature undefined")
    still = rank_one_model(H, torch.zeros(2, dtype=F64))
    assert (still.values.tolist(), still.reason) == ([0.0], "no direction")
    flat = rank_one_model(DenseOperator(torch.zeros(2, 2)), torch.ones(2))
    assert (flat.values.tolist(), flat.reason) == ([0.0], None)
    b = torch.tensor([1.0, 2.0], dtype=F64)
    torch.testing.assert_close(solve_damped(0.5, undefined.vectors, undefined.values, b), 2 * b)


class Broken(LinearOperator):
    def __init__(self, value):
        super().__init__((3, 3), torch.float32, torch.device("cpu"))
        self.value = value

    def _matmat(self, block):
        return torch.full_like(block, self.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e38])
def test_products_that_are_not_finite_give_nan_and_no_error(value):
    for model in (
        rank_one_model(Broken(value), torch.ones(3)),
        low_rank_model(Broken(value), torch.eye(3)[:, :2]),
    ):
        assert model.reason == "products are not finite"
        assert bool(model.values.isnan().all())
        assert bool(solve_damped(1.0, model.vectors, model.values, torch.ones(3)).isnan().any())
        assert bool(solve_damped(torch.ones(3), model.vectors, model.values, torch.ones(3)).isnan().any())
