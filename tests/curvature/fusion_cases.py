"""Fused programs against unfused ones, on a processor in Triton's interpreter.

``test_fusion.py`` runs this file in a process of its own: Triton reads TRITON_INTERPRET only once.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_programs import NETS, recorded

from hnrc_lib.curvature.replay.batch import batched
from hnrc_lib.curvature.replay.fused_kernel import Launch, compiled
from hnrc_lib.curvature.replay.fusion import fuse_pointwise, fused_rows
from hnrc_lib.curvature.replay.record import record

pytest.importorskip("triton")

aten = torch.ops.aten


def kernels(program):
    return [call.function for call in program.calls if isinstance(call.function, Launch)]


def assert_same(program, inputs=None, *, some=True):
    fused = fuse_pointwise(program)
    assert bool(kernels(fused)) >= some
    if inputs is None:
        generator = torch.Generator().manual_seed(1)
        inputs = [torch.randn(x.shape, generator=generator, dtype=x.dtype) for x in program.inputs]
    found, expected = fused.function()(*inputs), program.function()(*inputs)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        rtol, atol = (1e-11, 1e-12) if theirs.dtype == torch.float64 else (2e-4, 2e-5)
        torch.testing.assert_close(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("matrix", ["Hessian", "GGN"])
@pytest.mark.parametrize("name", NETS)
def test_products(name, matrix):
    assert_same(recorded(name, matrix))


@pytest.mark.parametrize("name", ["Elman", "LSTM", "MLP"])
def test_products_in_single_precision(name):
    assert_same(recorded(name, "Hessian", torch.float32))


@pytest.mark.parametrize("name", ["GRU", "LSTM layer"])
def test_products_with_rows(name):
    assert_same(batched(recorded(name, "Hessian", steps=2), 3))


@pytest.mark.parametrize("width", [1, 3])
def test_rows(width):
    program = recorded("MLP", "Hessian")
    assert_rows(program, width)


def test_rows_of_what_has_no_rule_for_rows():
    def function(x):
        return [aten.as_strided_copy(x * 2 + CONSTANT[0], (3, 2), (4, 1)) * 2 + x[:, :2]]

    program = record(function, [CONSTANT[0]])
    with pytest.raises(RuntimeError):
        batched(program, 2)
    assert_rows(program, 2)


def assert_rows(program, width):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(width, *x.shape, generator=generator, dtype=x.dtype) for x in program.inputs]
    images = [program.function()(*row) for row in zip(*rows, strict=True)]
    expected = [torch.stack(parts) for parts in zip(*images, strict=True)]
    torch.testing.assert_close(fused_rows(program, width)(rows), expected)


def test_more_entries_than_a_block():
    x = torch.randn(7, 131, dtype=torch.float64)
    assert_same(record(lambda x: [(x * x + x).mT, x * 3], [x]))


def test_single_numbers():
    x = torch.tensor(0.5, dtype=torch.float64)
    assert_same(record(lambda x: [(x * x + x) * 3, (x.expand(2, 3) * CONSTANT[0, :2, :3] * 2).sum(1)], [x]))
    assert_same(record(lambda x: [(aten.sum.dim_IntList(x * x, [-1]) * 2).view(1, 1) + 1], [x]))


def test_the_sign_of_zero():
    program = record(lambda x: [x * -0.0 + (x * 0.0) * 2, x * -0.0 * 1.0], [torch.ones(2).double()])
    assert not fuse_pointwise(program).function()(torch.ones(2).double())[0].signbit().any()
    assert fuse_pointwise(program).function()(torch.ones(2).double())[1].signbit().all()


def test_numbers_keep_all_digits():
    x = torch.randn(5, dtype=torch.float64)
    program = record(lambda x: [torch.add(x * 0.1, x, alpha=1e-17) * (1 + 1e-15) - 1], [x])
    assert_same(program)
    assert program.function()(x)[0].ne((x * torch.tensor(0.1).double()) - 1).all()


def test_steps_of_one_structure_share_a_kernel_whatever_their_numbers_and_places():
    def function(x):
        state = x[0]
        for t, number in enumerate((2.0, 3.0, 2.0), 1):
            state = (state @ CONSTANT[0, :, :3]) * x[t] * number + x[t - 1]
        return [state]

    program = record(function, [torch.randn(4, 3, 3, dtype=torch.float64)])
    assert_same(program)
    fused = kernels(fuse_pointwise(program))
    assert len(fused) == 3
    assert len({compiled(kernel.source) for kernel in fused}) == 1


def test_thresholds_at_the_edge_and_nan():
    values = torch.tensor([-1.0, 0.0, 1.0, torch.nan], dtype=torch.float64)
    program = record(lambda x: [aten.threshold_backward(x, values, 0.0) * 2 + x], [values])
    ours = fuse_pointwise(program).function()(torch.ones(4, dtype=torch.float64))[0]
    assert ours.tolist() == [1.0, 1.0, 3.0, 3.0]


CONSTANT = torch.arange(24, dtype=torch.float64).sin().reshape(2, 3, 4)

# Each takes a (2, 3, 4) value and another and gives a (2, 3, 4) value.
STEPS = [
    lambda x, y: x * y,
    lambda x, y: x + 0.3 * y,
    lambda x, y: torch.sub(x, y, alpha=0.7),
    lambda x, y: -x / (2.0 + CONSTANT),
    lambda x, y: torch.addcmul(x, CONSTANT, y, value=0.5),
    lambda x, y: aten.tanh_backward(x, CONSTANT) + aten.sigmoid_backward(y, CONSTANT),
    lambda x, y: aten.threshold_backward(x, CONSTANT, 0.25) - y,
    lambda x, y: x[:, :, 1:2] * y[0, 1],
    lambda x, y: x * y.sum(1, keepdim=True) + y.sum((0, 2))[:, None],
    lambda x, y: torch.cat([y[:, 1:], x[:, :1]], dim=1),
    lambda x, y: torch.cat([*x.split([1, 3], -1)[::-1]], dim=-1) - y.flip(0).mul(0.5),
    lambda x, y: torch.stack([x[1] * 2, y[0] * x[0]]),
    lambda x, y: torch.nn.functional.pad(x[:, 1:, :3], (1, 0, 0, 1)) + y,
    lambda x, y: aten.select_backward(x[:, 2] * y[:, 0], [2, 3, 4], 1, -1) + x,
    lambda x, y: torch.nn.functional.pad(x[:, :2] * y[:, 1:], (0, 0, 0, 1))[:, 2:] * x + y,
    lambda x, y: torch.nn.functional.pad(torch.cat([x, y * x], 1), (0, 0, 1, 0))[:, 6, None] - x,
    lambda x, y: aten.slice_backward(x[:, :, ::2] * y[:, :, :2], [2, 3, 4], 2, 1, 3, 1) - x,
    lambda x, y: x.mT.reshape(2, 3, 4) + y.view(6, 4).t().reshape(2, 3, 4),
    lambda x, y: x.permute(2, 0, 1).reshape(2, 3, 4) * y.unsqueeze(0).squeeze(0).expand(2, 3, 4),
    lambda x, y: (x.reshape(6, 4) @ CONSTANT[0].mT @ CONSTANT[1]).view(2, 3, 4) + y,
    lambda x, y: torch.stack([a * b for a, b in zip(x.unbind(2), y.mT.unbind(1), strict=True)], dim=2),
]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # 0 / 0 in lanes that write nothing
@settings(max_examples=40)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=8
    ),
    outputs=st.sets(st.integers(0, 9), min_size=1, max_size=3),
    contiguous=st.booleans(),
)
def test_any_element_wise_program(steps, outputs, contiguous):
    def function(x, y):
        values = [x, y]
        for step, first, second in steps:
            values.append(step(values[first % len(values)], values[second % len(values)]))
        return [values[-1], *(values[place % len(values)] for place in outputs)]

    first, second = torch.randn(2, 2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    program = record(function, [first, second])
    if not contiguous:
        first, second = first.mT.contiguous().mT, torch.cat([second, second], 2)[..., 2:6]
    assert_same(program, [first, second], some=False)
