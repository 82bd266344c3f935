import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from torch.func import jvp

from hnrc_lib.sequence.forward_mode import with_outer_tangents


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx, tangent):
        return with_outer_tangents(lambda t, x: 3 * x**2 * t, tangent, *ctx.saved_tensors)


class PlainCube(Cube):
    @staticmethod
    def jvp(ctx, tangent):
        return 3 * ctx.saved_tensors[0] ** 2 * tangent


def nth_derivative(function, order):
    if order == 0:
        return function
    lower = nth_derivative(function, order - 1)
    return lambda x: jvp(lower, (x,), (torch.ones_like(x),))[1]


@pytest.mark.parametrize(("order", "expected"), [(0, 8.0), (1, 12.0), (2, 12.0), (3, 6.0)])
def test_every_order_is_right(order, expected):
    assert nth_derivative(Cube.apply, order)(torch.tensor(2.0)).item() == expected


def test_torch_alone_loses_the_second_order():
    """Should this fail, torch has mended it and the helper can go."""
    assert nth_derivative(PlainCube.apply, 2)(torch.tensor(2.0)).item() == 0.0


def test_a_tangent_may_depend_on_the_outer_variable_too():
    x = torch.tensor(2.0)
    product = jvp(lambda t: jvp(Cube.apply, (x,), (t,))[1], (torch.tensor(5.0),), (torch.tensor(1.0),))
    assert [value.item() for value in product] == [60.0, 12.0]


def test_without_torch_func():
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(torch.tensor(2.0), torch.tensor(1.0))
        assert forward_ad.unpack_dual(Cube.apply(dual)).tangent.item() == 12.0
