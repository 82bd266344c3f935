import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_network import entry_by_entry
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.curvature.graph import GradientGraph
from hnrc_lib.curvature.replay import NotReplayable, replayed
from hnrc_lib.curvature.replay.batch import batched
from hnrc_lib.curvature.replay.fusion import launches
from hnrc_lib.curvature.replay.program import Slot, leaves
from hnrc_lib.curvature.replay.record import record
from hnrc_lib.curvature.replay.simplify import simplify

aten = torch.ops.aten


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.project, self.norm = nn.Linear(4, 12), nn.LayerNorm(4)

    def forward(self, inputs):
        q, k, v = self.project(inputs).chunk(3, dim=-1)
        return self.norm(torch.softmax(q @ k.mT / 2, dim=-1) @ v).mean(1)


class Recurrence(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(4, 4)

    def forward(self, inputs):
        state = torch.zeros(len(inputs), 4, dtype=inputs.dtype)
        for frame in inputs.unbind(1):
            state = self.cell(frame, state)
        return state


class Normalised(nn.Module):
    """Layer normalisation without parameters, whose backward pass gives one tensor and two Nones."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 4)

    def forward(self, inputs):
        return self.last(functional.layer_norm(self.first(inputs), (5,)).relu())


MODELS = {
    "tanh": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh()), (6, 4)),
    "no bias, sigmoid": (lambda: nn.Sequential(nn.Linear(4, 5, bias=False), nn.Sigmoid()), (6, 4)),
    "CNN": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2), nn.Flatten(), nn.Linear(16, 4)
        ),
        (3, 1, 8, 8),
    ),
    "batch norm": (lambda: nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.GELU()), (6, 4)),
    "attention": (Attention, (3, 5, 4)),
    "recurrence": (Recurrence, (3, 5, 4)),
    "normalised": (Normalised, (6, 4)),
}


def hessian_product(name):
    """The Hessian product of a small model by double backward, float64, and the parameters."""
    make, shape = MODELS[name]
    torch.manual_seed(0)
    model = make().double()
    inputs, targets = torch.randn(shape).double(), torch.arange(shape[0]) % 3
    leaves = list(model.parameters())
    loss = functional.cross_entropy(model(inputs), targets)
    gradients = torch.autograd.grad(loss, leaves, create_graph=True)

    def product(*vectors):
        return torch.autograd.grad(
            gradients, leaves, vectors, retain_graph=True, allow_unused=True, materialize_grads=True
        )

    return product, [leaf.detach() for leaf in leaves]


def vectors_like(tensors, *rows):
    return [torch.randn(*rows, *x.shape, dtype=x.dtype) for x in tensors]


def assert_equal(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_it_equals_double_backward_at_vectors_it_never_saw(name):
    product, params = hessian_product(name)
    replay = replayed(product, params)
    for _ in range(3):
        vectors = vectors_like(params)
        assert_equal(replay(vectors), product(*vectors))


@pytest.mark.parametrize("name", MODELS)
def test_rows_equal_one_vector_after_the_other_at_every_use(name):
    product, params = hessian_product(name)
    replay = replayed(product, params)
    for width in (1, 3, 3, 3, 2, 3):
        rows = vectors_like(params, width)
        images = [product(*(part[i] for part in rows)) for i in range(width)]
        assert_equal(replay.rows(rows), [torch.stack(parts) for parts in zip(*images, strict=True)])


@pytest.mark.parametrize("name", MODELS)
def test_a_part_is_the_map_with_the_other_parts_zero(name):
    product, params = hessian_product(name)
    replay = replayed(product, params)
    for chosen in range(len(params)):
        vectors = [torch.zeros_like(x) for x in params]
        vectors[chosen] = torch.randn_like(vectors[chosen])
        outputs = list(range(chosen, len(params)))
        part = replay.part([chosen], outputs)
        assert part is replay.part([chosen], outputs)
        expected = product(*vectors)[chosen:]
        assert_equal(part([vectors[chosen]]), expected)
        for _ in range(2):
            rows = part.rows([vectors[chosen].expand(2, *vectors[chosen].shape)])
            assert_equal(rows, [x.expand(2, *x.shape) for x in expected])
    assert replay.part(range(len(params)), range(len(params))) is replay


def test_a_part_has_fewer_calls_than_the_whole():
    product, params = hessian_product("tanh")
    replay = replayed(product, params)
    last = replay.part([len(params) - 1], [len(params) - 1])
    assert len(last.program.calls) < len(replay.program.calls) / 2
    first = replay.part([0], range(len(params)))
    assert len(first.program.calls) < len(replay.program.calls)
    assert not any(
        isinstance(x, torch.Tensor) and not x.any() for call in first.program.calls for x in call.arguments
    )


@pytest.mark.parametrize("name", [name for name in MODELS if name != "CNN"])
def test_rows_share_one_run_for_the_whole_and_for_parts(name):
    product, params = hessian_product(name)
    whole = replayed(product, params)
    for replay in [whole, *(whole.part([i], range(i, len(params))) for i in range(len(params)))]:
        program = batched(replay.program, 3)
        rows = vectors_like(program.inputs)
        images = [replay([part[i] for part in rows]) for i in range(3)]
        assert_equal(program.function()(*rows), [torch.stack(parts) for parts in zip(*images, strict=True)])


def test_a_convolution_leaves_out_the_gradients_of_the_inputs():
    product, params = hessian_product("CNN")
    backward = [
        call for call in replayed(product, params).program.calls
        if call.function is aten.convolution_backward.default
    ]  # fmt: skip
    assert [call.arguments[10] for call in backward] == [[True, True, True], [False, True, True]]


def test_tanh_layers_run_as_few_calls_as_there_are_terms():
    product, params = hessian_product("tanh")
    names = [str(call.function) for call in replayed(product, params).program.calls]
    assert names.count("aten.add.Tensor") == 1
    # Forward 1 + 2, back through the second layer 2, into its weights 2 and into the first layer's 1.
    assert names.count("aten.mm.default") + names.count("aten.addmm.default") == 8


class _Native(torch.autograd.Function):
    """A function whose derivative torch cannot see, as one in C would be."""

    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(x.detach().numpy() * 2.0)

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        return torch.from_numpy(grad.detach().numpy() * 2.0)


BUFFER = torch.zeros(3)


def _writes_to_a_view(x):
    total = torch.zeros_like(x)
    total[0] += x[0]
    return [total]


def _writes_where_a_view_looks(x):
    total = x + 1
    part = total[:2]
    total *= 2
    return [part]


def _changes_a_constant_that_was_used(x):
    constant = torch.ones(3)
    first = x * constant
    constant += 1
    return [first + x * constant]


def _fills_a_constant(x):
    constant = torch.zeros(3)
    constant[0] = x[0]
    return [constant]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_writes_to_a_view, r"aten.add_.Tensor writes to a tensor that others may see"),
        (_writes_where_a_view_looks, r"aten.mul_.Tensor writes to a tensor that others may see"),
        (_changes_a_constant_that_was_used, r"aten.add_.Tensor writes to a tensor that others may see"),
        (_fills_a_constant, r"aten.copy_.default writes to a tensor that others may see"),
        (lambda x: [torch.as_strided(x, (2,), (2,))], "aten.as_strided.default reads memory by its layout"),
        (lambda x: [x.mul_(2)], r"aten.mul_.Tensor writes to a tensor that others may see"),
        (lambda x: [x + BUFFER.add_(1)], r"aten.add_.Tensor writes to a tensor that others may see"),
        (lambda x: [torch.add(x, 1, out=BUFFER)], r"aten.add.out writes to a tensor that others may see"),
        (lambda x: [x + 0 * torch.rand(3)], "aten.rand.default draws random numbers"),
        (lambda x: [x * float(x.sum())], "aten._local_scalar_dense.default looks at a value"),
        (lambda x: [x if bool(x.sum() > 0) else 2 * x], "looks at a value"),
        (lambda x: [_Native.apply(x)], "differs from the function at another vector"),
        (lambda x: [torch.from_numpy(x.numpy() * 2.0)], "differs from the function at another vector"),
    ],
)
def test_what_a_list_of_calls_cannot_repeat_is_refused(function, message):
    with pytest.raises(NotReplayable, match=message):
        replayed(function, [torch.ones(3)])


def test_writing_over_what_nobody_else_sees_is_no_matter():
    def function(x):
        scale = torch.zeros(3)
        scale += 2
        total = x * scale
        total += x
        total.mul_(total.new_full((3,), 2.0))
        return [total]

    replay = replayed(function, [torch.ones(3)])
    for _ in range(2):
        assert replay([torch.tensor([1.0, 2.0, 3.0])])[0].tolist() == [6.0, 12.0, 18.0]
    assert [str(call.function) for call in replay.program.calls] == [
        "aten.mul.Tensor",
        "aten.add.Tensor",
        "aten.mul.Tensor",
    ]


def test_a_custom_function_of_plain_operations_is_seen_through():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
            return grad * 3 * ctx.saved_tensors[0] ** 2

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    replay = replayed(lambda v: torch.autograd.grad(gradient, x, v, retain_graph=True), [x.detach()])
    assert replay([torch.ones(2)])[0].tolist() == [6.0, 12.0]


def test_torch_s_global_generator_is_left_alone():
    before = torch.get_rng_state()
    product, params = hessian_product("tanh")
    torch.set_rng_state(before)
    replayed(product, params).rows(vectors_like_zero(params, 2))
    assert torch.equal(torch.get_rng_state(), before)


def vectors_like_zero(tensors, *rows):
    return [torch.zeros(*rows, *x.shape, dtype=x.dtype) for x in tensors]


def test_the_same_tensor_given_twice_is_two_inputs():
    replay = replayed(lambda a, b: [a + 2 * b], [torch.zeros(2), torch.zeros(2)])
    same = torch.ones(2)
    assert replay([same, same])[0].tolist() == [3.0, 3.0]
    program = record(lambda a, b: [a + 2 * b], [same, same])
    assert program.function()(torch.ones(2), torch.zeros(2))[0].tolist() == [1.0, 1.0]


def test_a_constant_output_is_a_constant():
    replay = replayed(lambda x: [x * 2, torch.zeros(2)], [torch.zeros(3)])
    assert replay([torch.ones(3)])[1].tolist() == [0.0, 0.0]
    for _ in range(2):
        assert replay.rows([torch.ones(4, 3)])[1].shape == (4, 2)


OPERATIONS = ["sum", "product", "left", "right", "turn", "zero", "scale", "repeat", "view"]


STEPS = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 20), st.integers(0, 20)), max_size=14)


@given(steps=STEPS, seed=st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_simplifying_and_batching_change_no_output(steps, seed):
    generator = torch.Generator().manual_seed(seed)
    matrices = torch.randn(3, 3, 3, generator=generator, dtype=torch.float64)

    def function(*inputs):
        values = list(inputs)
        for kind, i, j in steps:
            a, b, constant = values[i % len(values)], values[j % len(values)], matrices[j % 3]
            values.append(
                {
                    "sum": lambda a=a, b=b: a + b,
                    "product": lambda a=a, c=constant: torch.mm(a, c),
                    "left": lambda a=a, c=constant: torch.mm(c.t(), a),
                    "right": lambda a=a, c=constant: torch.mm(a.t(), c),
                    "turn": lambda a=a: a.transpose(0, -1),
                    "zero": lambda a=a: torch.zeros_like(a),
                    "scale": lambda a=a, c=constant: a * c,
                    "repeat": lambda a=a, c=constant: a * c + a * c,
                    "view": lambda a=a: a.reshape(9).detach().view(3, 3),
                }[kind]()
            )
        return values[-3:]

    inputs = list(torch.randn(2, 3, 3, generator=generator, dtype=torch.float64))
    program = record(function, inputs)
    simple = simplify(program)
    # Aᵀ + Bᵀ turned into (A + B)ᵀ may add a view, which runs nothing; never a call that does.
    assert launches(simple) <= launches(program)
    assert_equal(simple.function()(*inputs), function(*inputs))
    first_only = simplify(program, [0], [0])
    assert_equal(first_only.function()(inputs[0]), function(inputs[0], torch.zeros_like(inputs[1]))[:1])
    rows = [torch.stack([x, 2 * x, x.flip(0)]) for x in inputs]
    images = [function(*row) for row in zip(*rows, strict=True)]
    expected = [torch.stack(parts) for parts in zip(*images, strict=True)]
    assert_equal(batched(simple, 3).function()(*rows), expected)


def test_simplified_programs_repeat_nothing_and_read_what_is_there():
    product, params = hessian_product("attention")
    program = replayed(product, params).program
    known: set[Slot | None] = set(program.inputs)
    seen = set()
    for call in program.calls:
        assert known.issuperset(call.slots())
        known.update(call.results)
        arguments = [id(x) if isinstance(x, (Slot, torch.Tensor)) else x for x in leaves(call.arguments)]
        key = (call.function, str(arguments))
        assert key not in seen
        seen.add(key)


class Doubled(torch.autograd.Function):
    """x², whose derivatives write into slices: plain double backward can do it, a recording cannot."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        return _Sliced.apply(grad, x)


class _Sliced(torch.autograd.Function):
    @staticmethod
    def forward(ctx, grad, x):
        ctx.save_for_backward(grad, x)
        return 2 * grad * x

    @staticmethod
    def backward(ctx, outer):  # pyright: ignore[reportIncompatibleMethodOverride]
        grad, x = ctx.saved_tensors
        result = torch.zeros_like(x)
        for index in range(len(x)):
            result[index] = 2 * grad[index] * outer[index]
        return 2 * outer * x, result


@pytest.mark.parametrize("square", [lambda x: x * x, Doubled.apply])
def test_a_graph_gives_the_same_before_and_after_it_is_recorded_or_refused(square):
    start = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    params = {"x": start, "y": 2 * start}
    graph = GradientGraph(lambda p: (square(p["x"]) * p["y"].sin()).sum(), params)
    dense = entry_by_entry(lambda p: (p["x"] ** 2 * p["y"].sin()).sum(), params)
    for _ in range(8):
        vector = torch.randn(6, dtype=torch.float64)
        torch.testing.assert_close(graph.product(vector), dense @ vector, rtol=1e-12, atol=1e-12)
    assert (graph._replay is None) == (square == Doubled.apply)  # what was meant to happen did


def test_an_operator_is_recorded_after_a_few_products_and_not_before():
    runs = []

    class Counted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
            runs.append(1)
            return 2 * grad

    H = HessianLinearOperator(lambda p: (Counted.apply(p["x"]) ** 3).sum(), {"x": torch.ones(2)})
    counts = []
    for _ in range(7):
        assert (H @ torch.ones(2)).tolist() == [48.0, 48.0]
        counts.append(len(runs))
    each = counts[1] - counts[0]
    assert [b - a for a, b in itertools.pairwise(counts)] == [each, each, 2 * each, 0, 0, 0]
