"""Products with vectors of a ``vmap`` on either side, against ``einsum``."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.models.recurrent.products import correlate, times, weight_product


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    frames=st.integers(1, 4),
    batch=st.integers(1, 3),
    left=st.sampled_from([1, 3]),
    right=st.sampled_from([1, 3]),
)
def test_sums_of_outer_products(frames, batch, left, right):
    y, x = draw(frames, batch, left, 4), draw(frames, batch, right, 2, seed=1)
    many = max(left, right)
    expected = torch.einsum("tbkg,tbkh->kgh", y.expand(-1, -1, many, -1), x.expand(-1, -1, many, -1))
    torch.testing.assert_close(correlate(y, x), expected)
    later = torch.einsum("tbkg,tbkh->kgh", y[1:].expand(-1, -1, many, -1), x[:-1].expand(-1, -1, many, -1))
    torch.testing.assert_close(weight_product(y, x), later)


@pytest.mark.parametrize("vectors", [1, 3])
@pytest.mark.parametrize("weights", [1, 3])
def test_products_with_a_weight_for_each_vector(vectors, weights):
    values, weight = draw(5, 2, vectors, 4), draw(weights, 4, 3, seed=1)
    many = max(vectors, weights)
    expected = torch.einsum("tbkg,kgh->tbkh", values.expand(-1, -1, many, -1), weight.expand(many, -1, -1))
    torch.testing.assert_close(times(values, weight, 1), expected)
    torch.testing.assert_close(times(values[0], weight, 0), expected[0])


def test_products_without_vectors():
    values, weight = draw(5, 2, 4), draw(4, 3, seed=1)
    torch.testing.assert_close(times(values, weight, 1), torch.einsum("tbg,gh->tbh", values, weight))
    y = draw(5, 2, 6, seed=2)
    torch.testing.assert_close(correlate(y, values), torch.einsum("tbg,tbh->gh", y, values))
