import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh
from smooth_network import entry_by_entry, smooth_problem

from hnrc_lib.curvature import HessianLinearOperator, gradient_and_hvp, hessian_vector_product
from hnrc_lib.curvature.vectors import flatten, unflatten


@pytest.fixture
def problem():
    return smooth_problem()


def test_products_equal_the_dense_matrix_on_dicts_vectors_and_blocks(problem):
    dense = entry_by_entry(*problem)
    operator = HessianLinearOperator(*problem)
    block = torch.randn(len(dense), 5, dtype=torch.float64)
    torch.testing.assert_close(operator @ block, dense @ block, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(operator @ block[:, 0], dense @ block[:, 0], rtol=1e-10, atol=1e-12)
    as_dict = operator @ unflatten(block[:, 1].clone(), problem.params)
    assert list(as_dict) == list(problem.params)
    torch.testing.assert_close(flatten(as_dict), dense @ block[:, 1], rtol=1e-10, atol=1e-12)


def test_the_chunk_size_of_a_block_changes_nothing(problem):
    block = torch.randn(sum(p.numel() for p in problem.params.values()), 7, dtype=torch.float64)
    whole, single = (HessianLinearOperator(*problem, chunk_size=size) @ block for size in (64, 1))
    torch.testing.assert_close(whole, single, rtol=1e-12, atol=1e-13)


def test_product_is_the_slope_of_the_gradient(problem):
    direction = {name: torch.randn_like(value) for name, value in problem.params.items()}
    step = 1e-5

    def gradient(sign):
        shifted = {name: value + sign * step * direction[name] for name, value in problem.params.items()}
        return flatten(torch.func.grad(problem.loss)(shifted))

    slope = (gradient(1) - gradient(-1)) / (2 * step)
    product = flatten(hessian_vector_product(*problem, direction))
    torch.testing.assert_close(product, slope, rtol=1e-6, atol=1e-8)


def test_gradient_and_product_come_together(problem):
    vector = {name: torch.ones_like(value) for name, value in problem.params.items()}
    gradient, product = gradient_and_hvp(*problem, vector)
    assert torch.equal(flatten(gradient), flatten(torch.func.grad(problem.loss)(problem.params)))
    assert torch.equal(flatten(product), flatten(hessian_vector_product(*problem, vector)))


@given(seed=st.integers(0, 2**31), scale=st.floats(-3, 3))
@settings(deadline=None, max_examples=25)
def test_linear_and_symmetric(seed, scale):
    generator = torch.Generator().manual_seed(seed)
    x, u, v = (torch.randn(4, generator=generator, dtype=torch.float64) for _ in range(3))
    H = HessianLinearOperator(lambda p: torch.tanh(p["x"].outer(p["x"])).pow(2).sum(), {"x": x})
    torch.testing.assert_close(H @ (u + scale * v), H @ u + scale * (H @ v), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(u @ (H @ v), v @ (H @ u), rtol=1e-9, atol=1e-11)


def test_float32_products_agree_with_float64_to_its_precision():
    def energy(p):
        return torch.tanh(p["a"] @ p["b"].mT).logsumexp((0, 1))

    exact = {"a": torch.randn(3, 4, dtype=torch.float64), "b": torch.randn(2, 4, dtype=torch.float64)}
    vector = {name: torch.randn_like(value) for name, value in exact.items()}
    single = hessian_vector_product(
        energy, {n: p.float() for n, p in exact.items()}, {n: v.float() for n, v in vector.items()}
    )
    assert flatten(single).dtype == torch.float32
    expected = flatten(hessian_vector_product(energy, exact, vector))
    torch.testing.assert_close(flatten(single).double(), expected, rtol=1e-4, atol=1e-5)


def test_parameters_in_which_the_loss_is_linear_have_no_curvature():
    params = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0])}
    mixed = HessianLinearOperator(lambda p: (p["a"] ** 2).sum() + 5 * p["b"].sum(), params)
    assert (mixed @ torch.eye(3)).tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 0]]
    linear = HessianLinearOperator(lambda p: p["a"].sum() + p["b"].sum(), params)
    assert (linear @ torch.eye(3)).abs().max() == 0
    assert (linear @ torch.ones(3)).abs().max() == 0


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_products_are_the_same_where_gradients_are_switched_off(mode):
    params, vector = {"x": torch.tensor([1.0, 2.0])}, {"x": torch.ones(2)}
    with mode():
        product = hessian_vector_product(lambda p: (p["x"] ** 3).sum(), params, vector)
    assert product["x"].tolist() == [6.0, 12.0]
    assert not product["x"].requires_grad


def test_a_custom_function_without_a_vmap_rule_still_multiplies_one_vector():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            return grad * 3 * ctx.saved_tensors[0] ** 2

    H = HessianLinearOperator(lambda p: Cube.apply(p["x"]).sum(), {"x": torch.tensor([1.0, 2.0])})
    assert (H @ torch.ones(2)).tolist() == [6.0, 12.0]


def test_damped_sums_and_multiples_take_dicts_too(problem):
    dense, operator = entry_by_entry(*problem), HessianLinearOperator(*problem)
    vector = torch.randn(len(dense), dtype=torch.float64)
    combined = 2 * operator.damped(0.3) + operator
    product = flatten(combined @ unflatten(vector, problem.params))
    torch.testing.assert_close(product, 3 * dense @ vector + 0.6 * vector, rtol=1e-10, atol=1e-12)


def test_scipy_finds_the_largest_eigenvalue(problem):
    largest = torch.linalg.eigvalsh(entry_by_entry(*problem))[-1].item()
    found = eigsh(HessianLinearOperator(*problem).to_scipy(), k=1, which="LA", return_eigenvectors=False)
    assert found[0] == pytest.approx(largest, rel=1e-9)


def test_vectors_that_do_not_fit_are_refused(problem):
    operator = HessianLinearOperator(*problem)
    with pytest.raises(ValueError, match=r"vector must have shape \(39,\) or \(39, k\), got \(38,\)"):
        operator @ torch.zeros(38, dtype=torch.float64)
    with pytest.raises(TypeError, match=r"vector must have dtype torch.float64, got torch.float32"):
        operator @ torch.zeros(39)
    with pytest.raises(ValueError, match="vector must match params"):
        operator @ {"0.weight": torch.zeros(4, 3, dtype=torch.float64)}
