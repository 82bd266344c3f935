import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quadratic import Quadratic

from hnrc_lib.landscape import gram_matrix, plane, trajectory_directions


def walk(num_points, seed, dtype=torch.float64, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    steps = [
        {
            "weight": torch.randn(5, 4, generator=generator, dtype=torch.float64) * scale,
            "scale": torch.randn((), generator=generator, dtype=torch.float64) * scale,
        }
        for _ in range(num_points)
    ]
    return [
        {name: sum(s[name] for s in steps[: i + 1]).to(dtype) for name in steps[0]} for i in range(num_points)
    ]


def flat(params):
    return torch.cat([value.flatten() for value in params.values()]).double().numpy()


def decomposed(trajectory):
    """The slow way: numpy's singular values of the differences, written out in full."""
    rows = np.stack([flat(point) - flat(trajectory[-1]) for point in trajectory])
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    return rows, values, directions[:2]


@given(
    num_points=st.integers(3, 30),
    seed=st.integers(0, 200),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_directions_are_numpys_singular_vectors(num_points, seed, dtype, scale):
    trajectory = walk(num_points, seed, dtype, scale)
    rows, values, expected = decomposed(trajectory)
    found = trajectory_directions(trajectory)
    gap = (values[1] - values[2]) / values[0] if len(values) > 2 else 1.0
    tolerance = (1e-5 if dtype == torch.float32 else 1e-10) / min(max(gap, 1e-3), 1.0)
    basis = np.stack([flat(found.u), flat(found.v)])
    np.testing.assert_allclose(np.abs(np.diag(basis @ expected.T)), [1, 1], atol=tolerance)
    np.testing.assert_allclose(
        gram_matrix([found.u, found.v]), np.eye(2), atol=1e-5 if dtype == torch.float32 else 1e-9
    )
    np.testing.assert_allclose(found.coordinates, rows @ basis.T, atol=tolerance * values[0])
    np.testing.assert_allclose(found.explained_variance, values[:2] ** 2 / (values**2).sum(), atol=1e-10)
    assert found.u["weight"].dtype == dtype
    assert found.u["scale"].shape == ()


def test_the_sign_puts_the_farthest_point_at_positive_coordinates():
    found = trajectory_directions(walk(12, seed=5))
    farthest = found.coordinates.gather(0, found.coordinates.abs().argmax(dim=0, keepdim=True))
    assert (farthest > 0).all()
    assert found.coordinates[-1].tolist() == [0.0, 0.0]


def test_a_trajectory_in_a_plane_is_explained_in_full_and_drawn_where_it_went():
    problem = Quadratic(seed=3)
    corners = [(1.0, 2.0), (0.5, 0.0), (-0.3, 0.4), (0.0, 0.0)]
    vectors = [problem.theta + a * problem.u + b * problem.v for a, b in corners]
    trajectory = [problem.as_dict(vector) for vector in vectors]
    found = trajectory_directions(trajectory)
    assert found.explained_variance.sum().item() == pytest.approx(1.0, abs=1e-12)
    for vector, (alpha, beta) in zip(vectors, found.coordinates.tolist(), strict=True):
        drawn = plane(
            problem.loss,
            trajectory[-1],
            found.u,
            found.v,
            extent=((alpha, alpha + 1), (beta, beta + 1)),
            num_points=2,
        )
        assert drawn.values[0, 0].item() == pytest.approx(problem.value(vector), rel=1e-9)


def test_points_stay_as_they_are():
    trajectory = [
        {name: value.requires_grad_() for name, value in point.items()} for point in walk(4, seed=0)
    ]
    before = [flat({k: v.detach() for k, v in point.items()}) for point in trajectory]
    found = trajectory_directions(trajectory)
    assert not found.u["weight"].requires_grad
    for point, values in zip(trajectory, before, strict=True):
        np.testing.assert_array_equal(flat({k: v.detach() for k, v in point.items()}), values)


def test_a_straight_line_or_a_standstill_is_refused():
    start, end = walk(2, seed=0)
    straight = [{k: start[k] + t * (end[k] - start[k]) for k in start} for t in (0.0, 0.4, 0.7, 1.0)]
    for trajectory in (straight, [start, start, start]):
        with pytest.raises(
            ValueError, match="trajectory must leave the straight line through its last point"
        ):
            trajectory_directions(trajectory)


def test_what_does_not_match_is_named():
    trajectory = walk(4, seed=0)
    with pytest.raises(ValueError, match="trajectory must hold at least three points, got 2"):
        trajectory_directions(trajectory[:2])
    trajectory[1] = {"weight": torch.zeros(2).double()}
    with pytest.raises(ValueError, match=r"trajectory\[1\]: vector must match params"):
        trajectory_directions(trajectory)
    trajectory[1] = {name: value * torch.inf for name, value in trajectory[0].items()}
    with pytest.raises(ValueError, match=r"trajectory\[1\] must be finite"):
        trajectory_directions(trajectory)
