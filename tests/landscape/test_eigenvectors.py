import numpy as np
import pytest
import torch
from quadratic import Quadratic

from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.landscape import eigenvector_directions, line
from hnrc_lib.linalg.operators import DenseOperator


def flat(params):
    return torch.cat([params["weight"].flatten(), params["bias"]]).numpy()


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude", "both"])
@pytest.mark.parametrize("damping", [0.0, 1.5])
def test_directions_are_the_eigenvectors_of_the_dense_matrix(which, damping):
    problem = Quadratic(seed=6)
    H = HessianLinearOperator(problem.loss, problem.as_dict(problem.theta)).damped(damping)
    generator = torch.Generator().manual_seed(0)
    found = eigenvector_directions(H, 2, which=which, rtol=1e-8, generator=generator)
    values, vectors = np.linalg.eigh(problem.A + damping * np.eye(6))
    order = {
        "largest": [5, 4],
        "smallest": [0, 1],
        "magnitude": list(np.argsort(-np.abs(values))[:2]),
        "both": [5, 4, 0, 1],
    }[which]
    assert found.converged
    np.testing.assert_allclose(found.eigenvalues, values[order], rtol=1e-8)
    assert (found.residuals <= 1e-7).all()
    for direction, expected in zip(found.directions, vectors[:, order].T, strict=True):
        expected = expected * np.sign(expected[np.abs(expected).argmax()])
        np.testing.assert_allclose(flat(direction), expected, atol=1e-7)


def test_along_an_eigenvector_the_loss_bends_by_its_eigenvalue():
    problem = Quadratic(seed=7)
    params = problem.as_dict(problem.theta)
    H = HessianLinearOperator(problem.loss, params)
    found = eigenvector_directions(H, 1, rtol=1e-8, generator=torch.Generator().manual_seed(0))
    drawn = line(problem.loss, params, found.directions[0], num_points=3)
    bend = drawn.values[0] - 2 * drawn.values[1] + drawn.values[2]
    assert bend.item() == pytest.approx(found.eigenvalues[0].item(), rel=1e-7)


def test_a_search_that_gave_up_says_so():
    problem = Quadratic(seed=6)
    H = HessianLinearOperator(problem.loss, problem.as_dict(problem.theta))
    generator = torch.Generator().manual_seed(0)
    assert not eigenvector_directions(H, 2, rtol=1e-12, max_products=3, generator=generator).converged


def test_an_operator_on_plain_vectors_is_refused():
    with pytest.raises(TypeError, match="H must be an operator on dicts of parameters, got DenseOperator"):
        eigenvector_directions(DenseOperator(torch.eye(3)))
