import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator
from hnrc_lib.curvature.patches import convolve_patches, patches_pay

SIZES = st.integers(1, 3)


@given(
    axes=st.sampled_from([1, 2]),
    channels=SIZES,
    kernel=SIZES,
    stride=SIZES,
    padding=st.integers(0, 2),
    dilation=SIZES,
    with_bias=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40)
def test_it_is_torchs_convolution(axes, channels, kernel, stride, padding, dilation, with_bias, seed):
    torch.manual_seed(seed)
    x = torch.randn(2, channels, *(8 + index for index in range(axes)), dtype=torch.float64)
    w = torch.randn(4, channels, *(kernel, 1)[:axes], dtype=torch.float64)
    b = torch.randn(4, dtype=torch.float64) if with_bias else None
    convolve = functional.conv1d if axes == 1 else functional.conv2d
    expected = convolve(x, w, b, stride, padding, dilation)
    found = convolve_patches(x, w, b, stride, padding, dilation)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    per_axis = [[n] * axes for n in (stride, padding, dilation)]
    torch.testing.assert_close(convolve_patches(x, w, b, *per_axis), expected, rtol=1e-12, atol=1e-12)


def test_when_it_pays():
    x, w = torch.zeros(1, 2, 5, 5), torch.zeros(3, 2, 3, 3)
    assert patches_pay(x, w, 0, 1)
    assert not patches_pay(x, w, 0, 2)
    assert not patches_pay(x, w, "same", 1)
    assert not patches_pay(x.requires_grad_(), w, 0, 1)
    assert not patches_pay(torch.zeros(2, 5, 5), w, 0, 1)
    assert not patches_pay(torch.zeros(1, 4, 5, 5), torch.zeros(3, 4, 3, 3), 0, 1)


@pytest.mark.parametrize("padding", [1, "same"])
def test_operators_see_the_same_function(padding):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=padding), nn.Tanh(), nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(32, 3)
    ).double()
    params = {name: value.detach() for name, value in model.named_parameters()}
    x, y = torch.randn(5, 1, 6, 6, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1])

    def outputs(p):
        return torch.func.functional_call(model, p, (x,))

    def loss(p):
        return functional.cross_entropy(outputs(p), y)

    leaves = [value.clone().requires_grad_() for value in params.values()]
    plain = torch.autograd.grad(loss(dict(zip(params, leaves, strict=True))), leaves, create_graph=True)
    vectors = [torch.randn_like(leaf) for leaf in leaves]
    expected = torch.cat([part.flatten() for part in torch.autograd.grad(plain, leaves, vectors)])
    vector = torch.cat([part.flatten() for part in vectors])
    H = HessianLinearOperator(loss, params)
    for _ in range(6):  # recorded on the way
        torch.testing.assert_close(H @ vector, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(H.value, loss(params))
    G = GGNLinearOperator(outputs, lambda z: functional.cross_entropy(z, y), params)
    dense = G.to_dense()
    for _ in range(6):
        torch.testing.assert_close(G @ vector, dense @ vector, rtol=1e-10, atol=1e-12)
