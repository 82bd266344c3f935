"""Claim 0.13: sizes follow from the networks, and costs from counted operations."""

import pytest


@pytest.mark.parametrize(("size", "num_hidden"), [("small", 2), ("middle", 6), ("large", 20)])
def test_sizes(size, num_hidden, measured):
    numbers = measured("0.13").numbers
    assert numbers[f"n_{size}"] == 24 * num_hidden + num_hidden + num_hidden * 10 + 10
    assert numbers[f"megabytes_{size}"] == pytest.approx(8 * numbers[f"n_{size}"] ** 2 / 1e6)


def test_a_product_is_dearer_than_a_gradient_and_cheaper_than_the_hessian(measured):
    numbers = measured("0.13").numbers
    for size in ("small", "middle", "large"):
        assert 1 < numbers[f"product_{size}"] < numbers[f"hessian_{size}"]
