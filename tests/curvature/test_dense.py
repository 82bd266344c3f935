import pytest
import torch
from smooth_network import entry_by_entry, smooth_problem

from hnrc_lib.curvature import HessianLinearOperator, dense_hessian
from hnrc_lib.curvature.vectors import flatten, unflatten


@pytest.fixture
def problem():
    return smooth_problem()


@pytest.mark.parametrize("chunk_size", [1, 5, 64])
def test_equals_the_hessian_entry_by_entry(problem, chunk_size):
    expected = entry_by_entry(*problem)
    triangle = dense_hessian(*problem, chunk_size=chunk_size)
    torch.testing.assert_close(triangle, expected, rtol=1e-10, atol=1e-12)
    assert torch.equal(triangle, triangle.mT)
    full = dense_hessian(*problem, symmetrize=False, chunk_size=chunk_size)
    torch.testing.assert_close(full, expected, rtol=1e-10, atol=1e-12)


def test_equals_torch_on_one_flat_vector(problem):
    def flat_loss(vector):
        return problem.loss(unflatten(vector, problem.params))

    expected = torch.autograd.functional.hessian(flat_loss, flatten(problem.params))
    torch.testing.assert_close(dense_hessian(*problem), expected, rtol=1e-10, atol=1e-12)


def test_equals_central_differences_of_the_loss_alone(problem):
    flat, step = flatten(problem.params), 1e-4
    units = step * torch.eye(len(flat), dtype=torch.float64)

    def at(offset):
        return problem.loss(unflatten(flat + offset, problem.params)).item()

    hessian = dense_hessian(*problem)
    for i, j in [(0, 0), (3, 17), (20, 38), (38, 38), (14, 15)]:
        a, b = units[i], units[j]
        slope = (at(a + b) - at(a - b) - at(b - a) + at(-a - b)) / (4 * step**2)
        assert slope == pytest.approx(hessian[i, j].item(), rel=1e-4, abs=1e-6)


def test_full_differentiation_leaves_only_rounding_as_asymmetry(problem):
    full = dense_hessian(*problem, symmetrize=False)
    asymmetry = (full - full.mT).norm() / full.norm()
    assert asymmetry < 1e-14


def test_softmax_makes_a_common_shift_of_the_output_biases_free(problem):
    names = list(problem.params)
    shift = {name: torch.zeros_like(value) for name, value in problem.params.items()}
    shift[names[-1]].fill_(1.0)
    hessian = dense_hessian(*problem)
    assert (hessian @ flatten(shift)).norm() < 1e-13 * hessian.norm()


def test_scalar_and_unrelated_parameters():
    params = {"s": torch.tensor(2.0), "t": torch.ones(1, 2), "u": torch.ones(1)}
    dense = dense_hessian(lambda p: p["s"] ** 3 + (p["t"] ** 2).sum() + p["u"].sum(), params)
    assert torch.equal(dense, torch.diag(torch.tensor([12.0, 2.0, 2.0, 0.0])))


def test_operator_and_function_agree(problem):
    assert torch.equal(HessianLinearOperator(*problem).to_dense(), dense_hessian(*problem))


def test_too_large_a_matrix_is_refused_before_the_loss_runs():
    def never(params):
        raise AssertionError("the loss must not run")

    with pytest.raises(MemoryError, match=r"50000 × 50000 matrix of torch.float32 takes 10.00 GB"):
        dense_hessian(never, {"w": torch.zeros(50_000)})
