import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.landscape.chebyshev import chebyshev_nodes, interpolation_matrix


@given(num_intervals=st.integers(1, 40))
def test_nodes_are_the_extrema_of_a_chebyshev_polynomial(num_intervals):
    nodes = chebyshev_nodes(num_intervals)
    expected = -np.cos(np.pi * np.arange(num_intervals + 1) / num_intervals)
    np.testing.assert_allclose(nodes, expected, atol=1e-15)
    assert torch.equal(nodes, -nodes.flip(0))


@pytest.mark.parametrize("num_intervals", [1, 3, 6, 12, 24])
def test_doubling_keeps_every_node_to_the_bit(num_intervals):
    assert torch.equal(chebyshev_nodes(2 * num_intervals)[::2], chebyshev_nodes(num_intervals))


@given(num_intervals=st.integers(1, 16), seed=st.integers(0, 99), num_points=st.integers(1, 9))
def test_polynomials_of_the_degree_are_interpolated_exactly(num_intervals, seed, num_points):
    rng = np.random.default_rng(seed)
    polynomial = np.polynomial.Chebyshev(rng.normal(size=num_intervals + 1))
    at = rng.uniform(-1, 1, size=num_points)
    matrix = interpolation_matrix(num_intervals, torch.from_numpy(at))
    values = matrix.numpy() @ polynomial(chebyshev_nodes(num_intervals).numpy())
    np.testing.assert_allclose(values, polynomial(at), atol=1e-12)


def test_at_a_node_and_a_hair_beside_it_the_value_is_the_nodes():
    nodes = chebyshev_nodes(6)
    values = torch.randn(7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(interpolation_matrix(6, nodes) @ values, values)
    beside = torch.nextafter(nodes, torch.zeros(()).double())
    torch.testing.assert_close(interpolation_matrix(6, beside) @ values, values, rtol=1e-12, atol=1e-12)
