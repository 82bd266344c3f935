"""Programs with their element-wise calls fused: what becomes one kernel, and what the kernels compute.

Their values come from Triton's interpreter, their code from its compiler for cards; no card has run them.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from recurrent_programs import recorded

from hnrc_lib.curvature.replay.fused_kernel import Launch, compiled
from hnrc_lib.curvature.replay.fusion import fuse_pointwise, launches
from hnrc_lib.curvature.replay.hoist import add_before_products
from hnrc_lib.curvature.replay.places import unravel, viewed
from hnrc_lib.curvature.replay.program import Slot
from hnrc_lib.curvature.replay.record import record

CASES = Path(__file__).with_name("fusion_cases.py")
aten = torch.ops.aten
PRODUCTS = {aten.mm.default, aten.addmm.default, aten.sum.dim_IntList}


def kernels(program):
    return [call.function for call in program.calls if isinstance(call.function, Launch)]


def pointwise(program):
    return launches(program) - sum(call.function in PRODUCTS for call in program.calls)


def names(program):
    return ["fused" if isinstance(call.function, Launch) else str(call.function) for call in program.calls]


def test_fused_programs_equal_unfused_ones_in_the_interpreter():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    pytest.importorskip("triton")
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, cwd=CASES.parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_planning_needs_no_triton():
    code = """if True:
        import sys
        sys.modules["triton"] = None  # any import of it fails
        import torch
        from hnrc_lib.curvature.replay.fusion import fuse_pointwise
        from hnrc_lib.curvature.replay.record import record
        fused = fuse_pointwise(record(lambda x: [x * x + x], [torch.zeros(3)]))
        try:
            fused.function()(torch.zeros(3))
        except ImportError:
            print(len(fused.calls), "call")
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=CASES.parents[2], capture_output=True, text=True)
    assert done.stdout == "1 call\n", done.stderr


@pytest.mark.parametrize(("name", "times"), [("Elman", 3.5), ("LSTM", 12), ("GRU", 9), ("LSTM layer", 2.5)])
def test_hessian_products_launch_fewer_kernels(name, times):
    program = recorded(name, "Hessian", steps=12)
    fused = fuse_pointwise(program)
    assert pointwise(program) >= times * pointwise(fused)
    sources = Counter(kernel.source for kernel in kernels(fused))
    assert max(sources.values()) >= 9  # time steps share kernels, but the first and the last ones
    assert len(sources) <= 14


def test_a_time_step_launches_at_most_two_kernels_a_pass_beside_its_products():
    few, many = (fuse_pointwise(recorded("LSTM", "Hessian", steps=steps)) for steps in (4, 6))
    assert pointwise(many) - pointwise(few) <= 2 * 4


def test_every_value_is_made_before_it_is_read_and_once():
    program = recorded("GRU", "Hessian", steps=4)
    fused = fuse_pointwise(program)
    assert fused.inputs == program.inputs
    made = set(fused.inputs)
    for call in fused.calls:
        assert made.issuperset(call.slots())
        assert made.isdisjoint(slot for slot in call.results if slot)
        made.update(slot for slot in call.results if slot)
    assert made.issuperset(x for x in fused.outputs if isinstance(x, Slot))


X = torch.ones(4, 4)
DOUBLE = torch.ones(4, 4, dtype=torch.float64)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: [(x * x + 1) * 2], ["fused"]),
        (lambda x: [x * 2], ["aten.mul.Tensor"]),
        (lambda x: [x[:2] * 2 + x[2:], x.mT * X - x], ["fused"] * 2),
        (lambda x: [(x * 2 + x) @ X * 2 + x], ["fused", "aten.mm.default", "fused"]),
        (lambda x: [torch.cat([x * 2, x + 1], 1) @ torch.ones(8, 2)], ["fused", "aten.mm.default"]),
        (lambda x: [torch.exp(x * 2) * 2 + x], ["aten.mul.Tensor", "aten.exp.default", "fused"]),
        (lambda x: [(x * DOUBLE) * DOUBLE], ["aten.mul.Tensor", "aten.mul.Tensor"]),
        (lambda x: [torch.sum(x * x, dim=(0, 1))], ["aten.mul.Tensor", "aten.sum.dim_IntList"]),
        (lambda x: [torch.sum(x * x, dim=0)], ["fused"]),
    ],
)
def test_what_is_fused(function, expected):
    fused = fuse_pointwise(record(function, [X]))
    assert [name for name in names(fused) if launches_by_name(name)] == expected


def launches_by_name(name):
    """Whether an operation launches a kernel, for those of these tests."""
    return not any(view in name for view in ("slice", "select", "transpose", "view"))


def test_a_value_that_others_read_is_written_too():
    program = record(lambda x: [(y := x * 2 + 1) @ X + (y * x - 1)], [X])
    fused = fuse_pointwise(program)
    assert names(fused) == ["fused", "aten.mm.default", "fused"]
    assert len(fused.calls[0].results) == 1
    assert fused.calls[0].results[0] in set(fused.calls[1].slots()) & set(fused.calls[2].slots())


def test_long_runs_are_parted():
    def function(x):
        for number in range(100):
            x = x * number + X
        return [x]

    fused = fuse_pointwise(record(function, [X]))
    assert names(fused) == ["fused"] * 5


def test_the_number_of_pieces_and_terms_is_bounded():
    program = record(lambda x: [torch.cat([x * 2] * 9) * 3 + 1, torch.ones(9, 4).mul(x[0]).sum(0) * 2], [X])
    assert {"aten.cat.default", "aten.sum.dim_IntList"} <= set(names(fuse_pointwise(program)))


def test_sums_between_products_go_before_them():
    matrix = torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 4

    def function(c, x):
        for _ in range(5):
            x = torch.addmm(torch.addmm(torch.addmm(c, matrix, matrix), x, matrix) + c, matrix, x)
        return [x]

    inputs = [matrix + 1, matrix - 1]
    program = record(function, inputs)
    hoisted = add_before_products(program)
    assert Counter(names(program))["aten.add.Tensor"] == 5
    assert Counter(names(hoisted))["aten.add.Tensor"] == 1
    torch.testing.assert_close(hoisted.function()(*inputs), program.function()(*inputs))


def test_sums_of_rows_that_go_before_products_stay_rows():
    def function(bias, x):
        return [torch.addmm(torch.addmm(bias, X, x) + bias * 2, x, X)]

    inputs = [X[0] * 3, X * 2]
    program = record(function, inputs)
    hoisted = add_before_products(program)
    assert [call.results[0].shape for call in hoisted.calls] == [(4,), (4,), (4, 4), (4, 4)]
    torch.testing.assert_close(hoisted.function()(*inputs), program.function()(*inputs))


@pytest.mark.parametrize(("old", "new"), [((2, 3, 4), (6, 4)), ((6, 4), (2, 12)), ((1, 8), (2, 1, 4))])
def test_places_in_views(old, new):
    numbers = torch.arange(torch.Size(old).numel(), dtype=torch.float64).reshape(old)
    (call,) = record(lambda x: [x.view(new)], [numbers]).calls
    for place in range(numbers.numel()):
        index = unravel(str(place), new)
        where = tuple(eval(i) for i in viewed(call, new, index))
        assert numbers[where] == place


def ptx(source, dtype, card):
    from triton import compile as compile_kernel
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel = compiled(source)
    kinds = {"o": f"*{dtype}", "i": f"*{dtype}", "s": "i32", "B": "constexpr"}
    signature = {name: kinds[name[0]] for name in kernel.arg_names}
    asm = compile_kernel(ASTSource(kernel, signature, {"BLOCK": 256}), target=GPUTarget("cuda", card, 32)).asm
    return asm["ptx"]


@pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="nothing is compiled")
class TestCompiled:
    @pytest.mark.parametrize("card", [75, 80, 90])
    @pytest.mark.parametrize(("dtype", "short"), [(torch.float32, "fp32"), (torch.float64, "fp64")])
    def test_for_cards(self, dtype, short, card):
        pytest.importorskip("triton")
        program = fuse_pointwise(recorded("LSTM layer", "GGN", dtype, steps=3))
        for source in {kernel.source for kernel in kernels(program)}:
            code = ptx(source, short, card)
            assert code.count("st.global") >= source.count("tl.store")
            assert "shared" not in code
            assert ("f64" in code) == (dtype == torch.float64)  # no arithmetic in another precision


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["Elman", "LSTM", "GRU", "LSTM layer", "MLP"])
@pytest.mark.parametrize("matrix", ["Hessian", "GGN"])
def test_a_card_computes_what_the_unfused_program_does(name, matrix):
    pytest.importorskip("triton")
    program = recorded(name, matrix, torch.float64, steps=6, device="cuda")
    inputs = [torch.randn(x.shape, dtype=x.dtype, device=x.device) for x in program.inputs]
    found, expected = (p.function()(*inputs) for p in (fuse_pointwise(program), program))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
