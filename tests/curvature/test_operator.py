import gc
import itertools
import weakref

import pytest
import torch
import torch.multiprocessing as mp
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_network import entry_by_entry
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from hnrc_lib.curvature import (
    FisherLinearOperator,
    GGNLinearOperator,
    HessianLinearOperator,
    dense_hessian,
)
from hnrc_lib.curvature.processes import average
from hnrc_lib.curvature.vectors import flatten, unflatten

KINDS = ("hessian", "ggn", "fisher")


def small_problem():
    generator = torch.Generator().manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    params = {
        name: torch.randn(value.shape, generator=generator, dtype=torch.float64)
        for name, value in model.named_parameters()
    }
    inputs = torch.randn(8, 3, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 3, (8,), generator=generator)
    return model, params, inputs, targets


MODEL, PARAMS, INPUTS, TARGETS = small_problem()


def outputs(p, batch):
    return torch.func.functional_call(MODEL, p, (batch[0],))


def share(z, batch):
    """What a batch adds to the mean over the eight examples."""
    return functional.cross_entropy(z, batch[1], reduction="sum") / 8


def make(kind, data, **options):
    if kind == "hessian":
        return HessianLinearOperator(lambda p, b: share(outputs(p, b), b), PARAMS, data=data, **options)
    if kind == "ggn":
        return GGNLinearOperator(outputs, share, PARAMS, data=data, **options)
    return FisherLinearOperator(
        lambda p, b: functional.cross_entropy(outputs(p, b), b[1], reduction="none"),
        PARAMS,
        reduction="sum",
        data=data,
        **options,
    )


WHOLE = [(INPUTS, TARGETS)]


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def dense(kind):
    return make(kind, WHOLE).to_dense()


@given(cuts=st.lists(st.integers(1, 7), unique=True, max_size=5), keep=st.booleans())
@settings(max_examples=10)
def test_any_split_into_batches_gives_the_same_matrix(kind, dense, cuts, keep):
    edges = [0, *sorted(cuts), 8]
    data = [(INPUTS[a:b], TARGETS[a:b]) for a, b in itertools.pairwise(edges)]
    operator = make(kind, data, keep_graphs=keep)
    block = torch.randn(len(dense), 2, dtype=torch.float64)
    torch.testing.assert_close(operator @ block, dense @ block)
    torch.testing.assert_close(operator @ block[:, 0], dense @ block[:, 0])
    torch.testing.assert_close(operator.to_dense(), dense)


def test_a_data_loader_serves_and_gives_value_and_gradient(kind):
    loader = DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=3)
    parts, whole = make(kind, loader), make(kind, WHOLE)
    torch.testing.assert_close(parts.value, whole.value)
    torch.testing.assert_close(flatten(parts.gradient), flatten(whole.gradient))
    torch.testing.assert_close(parts.diag(), whole.to_dense().diag())


def test_data_that_can_be_walked_once_or_is_empty_is_refused(kind):
    with pytest.raises(ValueError, match=r"data must be an iterable that starts anew .* generator"):
        make(kind, (batch for batch in WHOLE))
    with pytest.raises(ValueError, match="data must hold at least one batch"):
        make(kind, []) @ torch.ones(31, dtype=torch.float64)


def test_graphs_of_data_are_made_anew_unless_kept():
    calls = []

    def loss(p, batch):
        calls.append(len(batch[0]))
        return share(outputs(p, batch), batch)

    data = [(INPUTS[:3], TARGETS[:3]), (INPUTS[3:], TARGETS[3:])]
    vector = torch.ones(31, dtype=torch.float64)
    fresh = HessianLinearOperator(loss, PARAMS, data=data)
    assert calls == []
    fresh @ vector
    assert calls == [3, 3, 5]  # the first batch twice: that is the check
    fresh @ vector
    assert calls == [3, 3, 5, 3, 5]
    calls.clear()
    kept = HessianLinearOperator(loss, PARAMS, data=data, keep_graphs=True, check_deterministic=False)
    kept @ vector
    kept @ vector
    assert calls == [3, 5]


def test_a_block_of_named_parameters(kind, dense):
    operator = make(kind, WHOLE, keep_graphs=True)
    part = operator.restrict(["2.bias", "0.weight"])
    rows = torch.cat((torch.arange(12), torch.arange(28, 31)))
    expected = dense[rows][:, rows]
    assert list(part.blocks) == ["0.weight", "2.bias"]
    assert part.shape == (15, 15)
    torch.testing.assert_close(part.to_dense(), expected)
    torch.testing.assert_close(part.diag(), expected.diag())
    vector = torch.randn(15, dtype=torch.float64)
    torch.testing.assert_close(part @ vector, expected @ vector)
    as_dict = part.damped(2.0) @ unflatten(vector, part.params)
    torch.testing.assert_close(flatten(as_dict), expected @ vector + 2 * vector)
    assert list(part.gradient) == ["0.weight", "2.bias"]
    torch.testing.assert_close(flatten(part.gradient), flatten(operator.gradient)[rows])
    assert operator.shape == (31, 31)


@pytest.mark.parametrize("names", [[], ["nothing"], ["0.weight", "0.weight"]])
def test_names_that_are_no_block_are_refused(names):
    with pytest.raises(ValueError, match=r"names must be some of \['0.weight', .*\], each once, got"):
        make("hessian", WHOLE).restrict(names)


@pytest.mark.parametrize("chunk_size", [1, 5, 64])
def test_the_diagonal_is_that_of_the_dense_matrix(kind, dense, chunk_size):
    torch.testing.assert_close(make(kind, WHOLE, chunk_size=chunk_size).diag(), dense.diag())


def test_a_dense_matrix_that_is_too_large_says_how_large(kind):
    with pytest.raises(MemoryError, match=r"a dense 31 × 31 matrix of torch.float64 takes 0.00 GB"):
        make(kind, WHOLE).to_dense(max_bytes=1000)
    with pytest.raises(MemoryError, match=r"1000000 × 1000000 matrix of torch.float32 takes 4000.00 GB"):
        dense_hessian(lambda p: p["x"].pow(2).sum(), {"x": torch.zeros(1_000_000)})


def test_chunk_size_is_checked():
    with pytest.raises(ValueError, match="chunk_size must be at least 1, got 0"):
        make("hessian", WHOLE, chunk_size=0)


def test_a_kept_graph_goes_with_its_operator():
    class Marker:
        pass

    alive = weakref.WeakSet()

    class Watched(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.marker = Marker()
            alive.add(ctx.marker)
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            return grad * 3 * ctx.saved_tensors[0] ** 2

    params = {"x": torch.ones(2)}
    # The gradient depends on the inner call, so its node stays on the kept graph.
    H = HessianLinearOperator(
        lambda p: Watched.apply(Watched.apply(p["x"])).sum(), params, check_deterministic=False
    )
    H @ torch.ones(2)
    assert len(alive) == 1
    gc.disable()
    try:
        del H
        assert len(alive) == 0  # by reference counts alone
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, ValueError, "at least one tensor"),
        ({"x": torch.ones(2, dtype=torch.int64)}, TypeError, r"params\['x'\] must be real floating point"),
        ({"x": torch.ones(2), "y": torch.ones(2, dtype=torch.float64)}, TypeError, "share one dtype"),
        ({"x": torch.ones(2), "y": torch.ones(2, device="meta")}, ValueError, "lie on one device"),
    ],
)
def test_parameters_that_cannot_be_differentiated_are_refused(params, error, message):
    for operator in (
        lambda: HessianLinearOperator(lambda p: p["x"].pow(2).sum(), params),
        lambda: HessianLinearOperator(lambda p, b: p["x"].pow(2).sum(), params, data=[1]),
        lambda: GGNLinearOperator(lambda p: p["x"], lambda z: z.pow(2).sum(), params),
    ):
        with pytest.raises(error, match=message):
            operator()


VECTOR = torch.linspace(-1, 1, 31, dtype=torch.float64)


def everything(operator):
    gradient = flatten(operator.gradient)
    return [operator @ VECTOR, gradient, operator.value, operator.diag(), operator.to_dense()]


def _one_of_two(rank, port, results):
    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    rows = slice(4 * rank, 4 * rank + 4)
    group = torch.distributed.group.WORLD
    for kind in KINDS:
        found = everything(make(kind, [(INPUTS[rows], TARGETS[rows])], process_group=group))
        # Each process holds its share of the whole mean; their average is half of it.
        results[kind, rank] = [2 * part for part in found]
    torch.distributed.destroy_process_group()


def test_two_processes_equal_one(unused_tcp_port):
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(_one_of_two, (unused_tcp_port, results), nprocs=2)
        results = dict(results)
    for kind in KINDS:
        expected = everything(make(kind, WHOLE))
        for mine, other, whole in zip(results[kind, 0], results[kind, 1], expected, strict=True):
            assert torch.equal(mine, other)
            torch.testing.assert_close(mine, whole)


@pytest.fixture
def unused_tcp_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_no_group_leaves_a_tensor_as_it_is():
    tensor = torch.ones(2)
    assert average(tensor, None) is tensor


def test_the_hessian_here_is_the_one_taken_entry_by_entry():
    expected = entry_by_entry(lambda p: share(outputs(p, WHOLE[0]), WHOLE[0]), PARAMS)
    torch.testing.assert_close(make("hessian", WHOLE).to_dense(), expected)
