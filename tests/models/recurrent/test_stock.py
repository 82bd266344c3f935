"""``run_recurrent`` in the place of torch's kernels: the same results, and two derivatives in float64."""

import pytest
import torch
from problems import KINDS, make_layer, make_stock, states_of, weigh
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from hnrc_lib.models.recurrent import run_recurrent

KERNELS = {"RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu", "LSTM": "lstm", "GRU": "gru"}
OPTIONS = [
    {},
    {"batch_first": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"num_layers": 2, "bias": False},
]


class Rerouted:
    """A stock layer whose kernel call is answered by ``run_recurrent``."""

    def __init__(self, stock, monkeypatch):
        self.stock, self.calls = stock, 0
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments):
        with self.monkeypatch.context() as patch:
            patch.setattr(torch._VF, KERNELS[self.stock.mode], self.kernel, raising=False)
            return self.stock(*arguments)

    def kernel(self, inputs, *rest):
        self.calls += 1
        # Two overloads of as many arguments: (input, hx, …, batch_first) and (data, batch_sizes, hx, …).
        packed = isinstance(rest[0], torch.Tensor) and rest[0].dtype == torch.int64
        batch_sizes, rest = (rest[0], rest[1:]) if packed else (None, rest)
        hx, weights, bias, num_layers, _, _, bidirectional, *batch_first = rest
        return run_recurrent(
            self.stock.mode,
            inputs,
            hx,
            weights,
            bias=bias,
            num_layers=num_layers,
            bidirectional=bidirectional,
            batch_first=bool(batch_first and batch_first[0]),
            batch_sizes=batch_sizes,
        )


def make(kind, dtype, options):
    stock = make_stock(make_layer(kind, 3, 4, dtype=dtype, **options))
    stock.batch_first = options.get("batch_first", False)
    return stock


def draw(*shape, dtype, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def make_arguments(stock, dtype, lengths, started):
    """A leaf of inputs, the arguments of a call, and all leaves but the weights."""
    frames, batch = 5, 3
    shape = (batch, frames, 3) if stock.batch_first else (frames, batch, 3)
    leaf = draw(*shape, dtype=dtype).requires_grad_()
    inputs = leaf
    if lengths is not None:
        inputs = pack_padded_sequence(leaf, torch.tensor(lengths), stock.batch_first, enforce_sorted=False)
    if not started:
        return (inputs,), [leaf]
    depth = stock.num_layers * (2 if stock.bidirectional else 1)
    states = [draw(depth, batch, 4, dtype=dtype, seed=seed).requires_grad_() for seed in (2, 3)]
    if stock.mode == "LSTM":
        return (inputs, tuple(states)), [leaf, *states]
    return (inputs, states[0]), [leaf, states[0]]


def results_of(call, arguments):
    outputs, last = call(*arguments)
    if isinstance(outputs, PackedSequence):
        outputs = outputs.data
    return states_of((outputs, last))


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 5, 1], [5, 5, 5], [4, 2, 3]], ids=str)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_results_and_two_derivatives_are_torchs(kind, options, lengths, started, monkeypatch):
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-14)):
        stock = make(kind, dtype, options)
        rerouted = Rerouted(stock, monkeypatch)
        arguments, leaves = make_arguments(stock, dtype, lengths, started)
        results, expected = (results_of(call, arguments) for call in (rerouted, stock))
        assert rerouted.calls == 1
        for ours, theirs in zip(results, expected, strict=True):
            assert ours.shape == theirs.shape
            assert ours.dtype == theirs.dtype
            assert float((ours - theirs).detach().abs().max()) <= tolerance
    leaves += list(stock.parameters())
    first, second = (torch.autograd.grad(weigh(r), leaves, create_graph=True) for r in (results, expected))
    vectors = [draw(*leaf.shape, dtype=torch.float64, seed=4) for leaf in leaves]
    products = [torch.autograd.grad(part, leaves, vectors, retain_graph=True) for part in (first, second)]
    for ours, theirs in zip((*first, *products[0]), (*second, *products[1]), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_under_the_transforms_of_torch_func(kind, monkeypatch):
    stock = make(kind, torch.float64, {"bidirectional": True})
    rerouted = Rerouted(stock, monkeypatch)
    leaf = draw(5, 3, 3, dtype=torch.float64)
    packed = pack_padded_sequence(leaf, torch.tensor([2, 5, 1]), enforce_sorted=False)

    def loss(data, call=rerouted):
        return weigh(results_of(call, (packed._replace(data=data),)))

    v = draw(*packed.data.shape, dtype=torch.float64, seed=4)
    point = packed.data.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(point, stock), point, create_graph=True)
    (product,) = torch.autograd.grad(gradient, point, v)
    forward = torch.func.jvp(torch.func.grad(loss), (packed.data,), (v,))
    torch.testing.assert_close(forward[0], gradient.detach(), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(forward[1], product, rtol=1e-9, atol=1e-11)


def test_under_autocast_the_weights_precision_is_kept(monkeypatch):
    stock = make("LSTM", torch.float32, {})
    inputs = draw(5, 3, 3, dtype=torch.float32)
    expected = stock(inputs)[0]
    with torch.autocast("cpu", torch.bfloat16):
        outputs = Rerouted(stock, monkeypatch)(inputs)[0]
    assert outputs.dtype == torch.float32
    assert float((outputs - expected).detach().abs().max()) <= 1e-6


def test_what_cannot_be_run_is_refused_by_name(monkeypatch):
    projected = torch.nn.LSTM(3, 4, proj_size=2)
    with pytest.raises(NotImplementedError, match="proj_size"):
        Rerouted(projected, monkeypatch)(torch.zeros(5, 2, 3))
    weights = torch.nn.GRU(3, 4)._flat_weights
    options = {"bias": True, "num_layers": 1, "bidirectional": False, "batch_first": False}
    inputs, start = torch.zeros(5, 2, 3), torch.zeros(1, 2, 4)
    with pytest.raises(ValueError, match="mode must be one of RNN_TANH, RNN_RELU, LSTM, GRU, got 'SRU'"):
        run_recurrent("SRU", inputs, start, weights, **options)
    with pytest.raises(ValueError, match="flat_weights must hold 4 tensors, got 3"):
        run_recurrent("GRU", inputs, start, weights[:3], **options)
    with pytest.raises(ValueError, match=r"hx must be \(h_0, c_0\) for LSTM, got 1 tensors"):
        run_recurrent("LSTM", inputs, start, torch.nn.LSTM(3, 4)._flat_weights, **options)
