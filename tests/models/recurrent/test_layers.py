"""Outputs, states and first derivatives against torch's own layers; what the switch chooses; refusals."""

import gc
import itertools
import weakref

import pytest
import torch
from problems import KINDS, make_layer, make_stock, states_of, weigh
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from hnrc_lib.curvature import HessianLinearOperator
from hnrc_lib.models.recurrent import GRULayer, LSTMLayer, RNNLayer, network, switch

OPTIONS = [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "bidirectional": True}]


def draw(*shape, dtype, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def initial_states(layer, batch, dtype):
    depth = layer.num_layers * (2 if layer.bidirectional else 1)
    states = [draw(depth, batch, layer.hidden_size, dtype=dtype, seed=s) for s in (2, 3)]
    return tuple(states) if layer.mode == "LSTM" else states[0]


@pytest.mark.parametrize("lengths", [None, [6, 1, 4]])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-14)])
def test_outputs_states_and_gradients_are_torchs(kind, options, lengths, dtype, tolerance):
    layer = make_layer(kind, 5, 7, dtype=dtype, **options)
    stock = make_stock(layer)
    inputs, start = draw(6, 3, 5, dtype=dtype), initial_states(layer, 3, dtype)
    if lengths is None:
        expected = states_of(stock(inputs, start))
    else:
        packed = pack_padded_sequence(inputs, torch.tensor(lengths), enforce_sorted=False)
        outputs, last = stock(packed, start)
        expected = states_of((pad_packed_sequence(outputs, total_length=6)[0], last))
    gradients = torch.autograd.grad(weigh(expected), list(stock.parameters()))
    for second_order in ("auto", True, False):
        results = states_of(layer(inputs, start, lengths=lengths, second_order=second_order))
        for ours, theirs in zip(results, expected, strict=True):
            assert ours.shape == theirs.shape
            assert ours.dtype == theirs.dtype
            assert float((ours - theirs).detach().abs().max()) <= tolerance
        found = torch.autograd.grad(weigh(results), list(layer.parameters()))
        for ours, theirs in zip(found, gradients, strict=True):
            assert float((ours - theirs).norm() / theirs.norm()) <= 10 * tolerance


@pytest.mark.parametrize("kind", KINDS)
def test_state_dicts_interchange_with_torch(kind):
    layer = make_layer(kind, 3, 4, num_layers=2, bidirectional=True)
    stock = make_stock(layer)
    assert list(stock.state_dict()) == list(layer.state_dict())
    other = make_layer(kind, 3, 4, num_layers=2, bidirectional=True, seed=9)
    other.load_state_dict(stock.state_dict())
    inputs = draw(5, 2, 3, dtype=torch.float64)
    assert torch.equal(other(inputs)[0], layer(inputs)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_batch_first_only_turns_the_axes(kind):
    turned = make_layer(kind, 3, 4, batch_first=True)
    inputs = draw(5, 2, 3, dtype=torch.float64)
    outputs = make_layer(kind, 3, 4)(inputs, lengths=[5, 2])[0]
    assert torch.equal(turned(inputs.transpose(0, 1), lengths=[5, 2])[0], outputs.transpose(0, 1))


def test_weights_come_from_the_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = make_layer("LSTM", 3, 4), make_layer("LSTM", 3, 4)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert float(first.get_parameter("weight_hh_l0").detach().abs().max()) <= 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("second_order", ["auto", True, False])
def test_what_lies_beyond_a_length_has_no_influence(kind, second_order):
    layer = make_layer(kind, 3, 4, bidirectional=True)
    inputs = draw(5, 2, 3, dtype=torch.float64)
    spoiled = inputs.clone()
    spoiled[2:, 1] = float("nan")
    gradients = []
    for given in (inputs, spoiled):
        given.requires_grad_()
        results = states_of(layer(given, lengths=[5, 2], second_order=second_order))
        assert float(results[0][2:, 1].detach().abs().max()) == 0.0
        gradients.append(torch.autograd.grad(weigh(results), [given, *layer.parameters()]))
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize("kind", ["RNN_TANH", "LSTM", "GRU"])
def test_one_derivative_never_runs_a_sweep_and_two_do(kind, monkeypatch):
    ran = []
    real = network.sweep_network
    monkeypatch.setattr(switch, "sweep_network", lambda *args: ran.append(1) or real(*args))
    layer = make_layer(kind, 3, 4)
    inputs, leaves = draw(5, 2, 3, dtype=torch.float64), list(layer.parameters())
    with torch.no_grad():
        layer(inputs)
    weigh(states_of(layer(inputs))).backward()
    loss = weigh(states_of(layer(inputs)))
    torch.autograd.grad(loss, leaves, retain_graph=True)
    torch.autograd.grad(loss, leaves)
    assert not ran
    torch.autograd.grad(weigh(states_of(layer(inputs))), leaves, create_graph=True)
    assert ran


def test_a_first_gradient_under_vmap():
    layer = make_layer("LSTM", 3, 4, bidirectional=True)
    outputs = layer(draw(5, 2, 3, dtype=torch.float64), lengths=[5, 3])[0]
    leaves = list(layer.parameters())
    rows = draw(3, *outputs.shape, dtype=torch.float64, seed=4)
    many = torch.func.vmap(lambda row: torch.autograd.grad(outputs, leaves, row, retain_graph=True))(rows)
    for k, row in enumerate(rows):
        for one, stacked in zip(
            torch.autograd.grad(outputs, leaves, row, retain_graph=True), many, strict=True
        ):
            torch.testing.assert_close(stacked[k], one)


@pytest.mark.parametrize("kind", ["RNN_TANH", "LSTM", "GRU"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_products_of_the_hessian_operator(kind, dtype):
    layer = make_layer(kind, 2, 3, num_layers=2, bidirectional=True, dtype=dtype)
    stock = make_stock(layer).double()
    inputs = draw(4, 2, 2, dtype=dtype)

    def loss_of(module, inputs):
        return lambda params: weigh(states_of(functional_call(module, params, (inputs,))))

    def detached(module):
        return {name: value.detach() for name, value in module.named_parameters()}

    operator = HessianLinearOperator(loss_of(layer, inputs), detached(layer))
    reference = HessianLinearOperator(loss_of(stock, inputs.double()), detached(stock))
    size = operator.shape[0]
    columns = draw(size, 3, dtype=torch.float64, seed=6)
    expected = torch.stack([reference @ column for column in columns.T], 1)
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5
    for found in (operator @ columns.to(dtype), (operator @ columns[:, 0].to(dtype))[:, None]):
        error = (found.double() - expected[:, : found.shape[1]]).norm() / expected.norm()
        assert float(error) < tolerance


def test_batched_gradients_without_vmap_are_right_too():
    layer = make_layer("GRU", 2, 3)
    leaves = list(layer.parameters())
    loss = weigh(states_of(layer(draw(4, 2, 2, dtype=torch.float64))))
    recorded = torch.autograd.grad(loss, leaves, create_graph=True)
    rows = [draw(2, *leaf.shape, dtype=torch.float64) for leaf in leaves]
    batched = torch.autograd.grad(recorded, leaves, rows, is_grads_batched=True, retain_graph=True)
    for k in range(2):
        single = torch.autograd.grad(recorded, leaves, [row[k] for row in rows], retain_graph=True)
        for many, one in zip(batched, single, strict=True):
            torch.testing.assert_close(many[k], one)


def test_a_graph_is_freed_when_its_gradient_goes():
    layer = make_layer("LSTM", 2, 3, num_layers=2)
    inputs = draw(4, 2, 2, dtype=torch.float64).requires_grad_()
    gc.disable()
    try:
        marked = inputs * 1.0
        watch = weakref.ref(marked)
        loss = weigh(states_of(layer(marked)))
        recorded = torch.autograd.grad(loss, list(layer.parameters()), create_graph=True)
        torch.autograd.grad(torch.stack([part.sum() for part in recorded]).sum(), inputs)
        del marked, loss, recorded
        assert watch() is None
    finally:
        gc.enable()


def test_a_gradient_that_is_not_kept_frees_the_kernels_graph():
    layer = make_layer("GRU", 2, 3)
    loss = weigh(states_of(layer(draw(4, 2, 2, dtype=torch.float64))))
    leaves = list(layer.parameters())
    kept = torch.autograd.grad(loss, leaves, retain_graph=True)
    once = torch.autograd.grad(loss, leaves)
    assert all(torch.equal(a, b) for a, b in zip(kept, once, strict=True))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(loss, leaves)


def peak_bytes(run):
    """The largest sum of the CPU allocations of one call, after another."""
    run()
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        run()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    running = itertools.accumulate(e.nbytes() for e in sorted(events, key=lambda e: e.start_ns()))
    return max(running)


@pytest.mark.parametrize(("kind", "factor"), [("RNN_TANH", 3.0), ("LSTM", 2.5), ("GRU", 4.0)])
def test_a_hessian_product_needs_the_memory_of_a_few_gradients(kind, factor):
    layer = make_layer(kind, 40, 64, dtype=torch.float32)
    inputs, leaves = draw(60, 32, 40, dtype=torch.float32), list(layer.parameters())

    def gradient(**options):
        return torch.autograd.grad(layer(inputs)[0].mean(0).square().sum(), leaves, **options)

    def product():
        return torch.autograd.grad(gradient(create_graph=True), leaves, [p.detach() for p in leaves])

    assert peak_bytes(product) < factor * peak_bytes(gradient)


def test_a_weight_changed_in_place_before_the_second_derivative_is_noticed():
    layer = make_layer("LSTM", 2, 3)
    loss = weigh(states_of(layer(draw(4, 2, 2, dtype=torch.float64))))
    with torch.no_grad():
        layer.get_parameter("weight_hh_l0").mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(loss, list(layer.parameters()), create_graph=True)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3, 0], r"lengths must lie between 1 and 4 \(frames\), got 0 at index 1"),
        ([5, 2], r"lengths must lie between 1 and 4 \(frames\), got 5 at index 0"),
        ([1, 2, 3], r"lengths must have shape \(2,\), got \(3,\)"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        make_layer("LSTM", 3, 4)(draw(4, 2, 3, dtype=torch.float64), lengths=lengths)


def test_what_does_not_fit_is_refused_by_name():
    layer = make_layer("LSTM", 3, 4)
    good = draw(4, 2, 3, dtype=torch.float64)
    state = torch.zeros(1, 2, 4, dtype=torch.float64)
    with pytest.raises(TypeError, match=r"lengths must be integers, got torch.float32"):
        layer(good, lengths=torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"inputs must have 3 features \(T, N, F\), got shape \(4, 2, 5\)"):
        layer(draw(4, 2, 5, dtype=torch.float64))
    with pytest.raises(ValueError, match="inputs must hold at least one frame"):
        layer(good[:0])
    with pytest.raises(TypeError, match=r"inputs must be torch.float64 as the layer is"):
        layer(good.float())
    with pytest.raises(ValueError, match=r"c_0 must have shape \(1, 2, 4\), got \(1, 3, 4\)"):
        layer(good, (state, torch.zeros(1, 3, 4, dtype=torch.float64)))
    with pytest.raises(ValueError, match="nonlinearity must be 'tanh' or 'relu', got 'gelu'"):
        RNNLayer(3, 4, nonlinearity="gelu")
    with pytest.raises(ValueError, match="hidden_size must be an integer of at least 1, got 0"):
        GRULayer(3, 0)
    with pytest.raises(ValueError, match="num_layers must be an integer of at least 1, got 0"):
        LSTMLayer(3, 4, num_layers=0)
