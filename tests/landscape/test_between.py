import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quadratic import Quadratic

from hnrc_lib.landscape import between, gram_matrix, line, plane


def flat(params):
    return torch.cat([value.flatten() for value in params.values()]).double().numpy()


def solutions(count, seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [
        {
            "weight": torch.randn(3, 2, generator=generator, dtype=dtype),
            "bias": torch.randn(3, generator=generator, dtype=dtype),
        }
        for _ in range(count)
    ]


@given(
    count=st.integers(2, 5), seed=st.integers(0, 200), dtype=st.sampled_from([torch.float32, torch.float64])
)
def test_solutions_lie_at_their_coordinates_along_orthonormal_directions(count, seed, dtype):
    points = solutions(count, seed, dtype)
    found = between(*points)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-11
    np.testing.assert_allclose(gram_matrix(found.directions), np.eye(count - 1), atol=tolerance)
    basis = np.stack([flat(direction) for direction in found.directions])
    for point, coordinates in zip(points, found.coordinates.numpy(), strict=True):
        np.testing.assert_allclose(flat(points[0]) + coordinates @ basis, flat(point), atol=10 * tolerance)
        assert found.directions[0]["bias"].dtype == dtype


def test_they_are_those_of_a_qr_decomposition():
    points = solutions(3, seed=4)
    differences = np.stack([flat(point) - flat(points[0]) for point in points[1:]], axis=1)
    orthogonal, triangular = np.linalg.qr(differences)
    signs = np.sign(np.diag(triangular))
    found = between(*points)
    np.testing.assert_allclose(
        [flat(direction) for direction in found.directions], (orthogonal * signs).T, atol=1e-13
    )
    np.testing.assert_allclose(found.coordinates[1:], (triangular.T * signs), atol=1e-13)
    assert found.coordinates[1, 1] == 0
    assert (found.coordinates[0] == 0).all()


def test_the_line_from_one_solution_ends_at_the_other():
    problem = Quadratic(seed=1)
    start, end = problem.as_dict(problem.theta), problem.as_dict(problem.v)
    found = between(start, end)
    distance = float(found.coordinates[1, 0])
    assert distance == pytest.approx(np.linalg.norm(problem.v - problem.theta))
    drawn = line(problem.loss, start, found.directions[0], extent=(0.0, distance), num_points=2)
    np.testing.assert_allclose(
        drawn.values, [problem.value(problem.theta), problem.value(problem.v)], rtol=1e-10
    )


def test_the_plane_of_three_solutions_holds_their_losses():
    problem = Quadratic(seed=2)
    vectors = [problem.theta, problem.u, problem.v]
    points = [problem.as_dict(vector) for vector in vectors]
    found = between(*points)
    for vector, (alpha, beta) in zip(vectors, found.coordinates.tolist(), strict=True):
        drawn = plane(
            problem.loss,
            points[0],
            *found.directions,
            extent=((alpha, alpha + 1), (beta, beta + 1)),
            num_points=2,
        )
        assert drawn.values[0, 0].item() == pytest.approx(problem.value(vector), rel=1e-9)


def test_solutions_in_one_line_span_no_plane():
    first, second = solutions(2, seed=0)
    halfway = {name: (first[name] + second[name]) / 2 for name in first}
    with pytest.raises(ValueError, match=r"others\[1\] must lie outside the span of the solutions before it"):
        between(first, second, halfway)
    with pytest.raises(ValueError, match=r"others\[0\] must lie outside the span"):
        between(first, first)


def test_what_does_not_match_is_named():
    first, second = solutions(2, seed=0)
    with pytest.raises(ValueError, match="others must hold at least one solution, got none"):
        between(first)
    with pytest.raises(ValueError, match=r"others\[1\]: vector must match params"):
        between(first, second, {"weight": torch.zeros(2).double()})
    second["bias"][0] = torch.nan
    with pytest.raises(ValueError, match=r"others\[0\] must be finite, got NaN or infinity in \['bias'\]"):
        between(first, second)
