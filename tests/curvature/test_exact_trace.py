import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_network import entry_by_entry
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature.exact_trace import piecewise_linear_trace
from hnrc_lib.curvature.trace_layers import LinearMap
from hnrc_lib.sequence import ctc_loss_from_logits


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Branches(nn.Module):
    """x + f(x), in place or not, or [x, f(x)] along the channels."""

    def __init__(self, join, *layers):
        super().__init__()
        self.join, self.body = join, nn.Sequential(*layers)

    def forward(self, x):
        y = self.body(x)
        if self.join == "in place":
            y += x
            return y
        return torch.cat([x, y], dim=1) if self.join == "cat" else x + y


class Recurrent(nn.Module):
    """h_t = relu(W x_t + U h_{t−1})"""

    def __init__(self):
        super().__init__()
        self.into, self.over = nn.Linear(3, 4), nn.Linear(4, 4)

    def forward(self, x):
        h = x.new_zeros(len(x), 4)
        for t in range(x.shape[1]):
            h = torch.relu(self.into(x[:, t]) + self.over(h))
        return h


class Scaled(nn.Module):
    """A parameter that enters by a bare product."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.scale * x


def tied():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


def batch_norm(module):
    """Fixed statistics that are not the initial ones."""
    module.running_mean.uniform_(-1, 1)
    module.running_var.uniform_(0.5, 2)
    module.weight.data.uniform_(-1, 1)
    return module


NETWORKS = {
    "mlp": ((5, 3), lambda: nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 3))),
    "no bias": ((5, 3), lambda: nn.Sequential(nn.Linear(3, 5, bias=False), nn.LeakyReLU(), nn.Linear(5, 3))),
    "cnn": (
        (4, 1, 8, 8),
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3, padding="same"),
            batch_norm(nn.BatchNorm2d(2)),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(2, 4, 2, stride=2, groups=2),
            nn.Hardtanh(-0.4, 0.5),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, 3),
        ),
    ),
    "residual": (
        (4, 3),
        lambda: nn.Sequential(
            nn.Linear(3, 3),
            Branches("sum", nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)),
            Branches("in place", nn.ReLU(), nn.Linear(3, 3), nn.BatchNorm1d(3)),
            Branches("cat", nn.Linear(3, 2)),
            Lambda(lambda h: h[:, 1:4] - 2 * h[:, 2:].abs()),
        ),
    ),
    "over time": (
        (3, 6, 2),
        lambda: nn.Sequential(
            nn.Linear(2, 3),
            nn.ReLU(),
            Lambda(lambda h: h.transpose(1, 2)),
            nn.Conv1d(3, 2, 3, dilation=2, padding=1),
            nn.MaxPool1d(2),
            Lambda(lambda h: h.mT),
            nn.Linear(2, 3),
            Lambda(lambda h: h.mean(dim=1)),
        ),
    ),
    "several rows an example": (
        (3, 2, 1, 4, 4),
        lambda: nn.Sequential(
            Lambda(lambda x: x.flatten(0, 1)),
            nn.Conv2d(1, 2, 2),
            batch_norm(nn.BatchNorm2d(2)),
            nn.ReLU(),
            nn.Flatten(),
            Lambda(lambda h: h.reshape(3, 2, -1).amax(dim=1)),
            nn.Linear(18, 3),
        ),
    ),
}
CRITERIA = {
    "cross-entropy": lambda y: functional.cross_entropy(y, torch.arange(len(y)) % 3),
    "weighted, smoothed": lambda y: functional.cross_entropy(
        y,
        torch.arange(len(y)) % 3,
        weight=torch.tensor([0.5, 1.0, 2.0], dtype=y.dtype),
        ignore_index=1,
        label_smoothing=0.1,
    ),
    "mse": lambda y: functional.mse_loss(y, torch.full_like(y, 0.3)),
    "indefinite": lambda y: (y.square().sum(1) * y[:, 0]).sum() + y.sin().sum(),
}


def problem(name, seed=0):
    torch.manual_seed(seed)
    shape, build = NETWORKS[name]
    model = build().double().eval()
    return model, torch.randn(shape, dtype=torch.float64)


def slow_traces(model, inputs, criterion, params=None):
    """Trace of every parameter's block, differentiated entry by entry."""
    params = dict(model.named_parameters()) if params is None else params
    params = {name: value.detach() for name, value in params.items()}
    hessian = entry_by_entry(lambda p: criterion(torch.func.functional_call(model, p, inputs)), params)
    pieces = hessian.diagonal().split([value.numel() for value in params.values()])
    return {name: float(piece.sum()) for name, piece in zip(params, pieces, strict=True)}


def assert_exact(trace, expected):
    total = sum(expected.values())
    scale = sum(abs(value) for value in expected.values())
    assert trace.value == pytest.approx(total, rel=1e-10, abs=1e-10 * scale)
    assert trace.standard_error == 0.0
    assert list(trace.blocks) == list(expected)
    for name, value in expected.items():
        assert trace.blocks[name].value == pytest.approx(value, rel=1e-10, abs=1e-12 * scale)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("network", NETWORKS)
def test_it_is_the_trace_of_the_hessian_block_by_block(network, criterion):
    model, inputs = problem(network)
    expected = slow_traces(model, inputs, CRITERIA[criterion])
    assert_exact(piecewise_linear_trace(model, inputs, CRITERIA[criterion]), expected)


@given(
    rank=st.integers(1, 3),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
    chunk_size=st.integers(1, 4),
)
@settings(max_examples=40)
def test_every_kind_of_convolution(rank, kernel, stride, padding, dilation, groups, chunk_size):
    torch.manual_seed(1)
    layer = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[rank - 1]
    convolution = layer(2, 2, kernel, stride, padding, dilation, groups)
    model = nn.Sequential(convolution, nn.ReLU(), nn.Flatten(2), Lambda(lambda h: h.mean(2)), nn.Linear(2, 2))
    model, inputs = model.double(), torch.randn(3, 2, *[5] * rank, dtype=torch.float64)

    def criterion(y):
        return functional.cross_entropy(y, torch.zeros(3, dtype=torch.long))

    expected = slow_traces(model, inputs, criterion)
    assert_exact(piecewise_linear_trace(model, inputs, criterion, chunk_size=chunk_size), expected)


@pytest.mark.parametrize(("positions", "by_pairs"), [(1, True), (40, False)])
def test_squared_norms_with_and_without_the_gradient(positions, by_pairs):
    torch.manual_seed(0)
    patches = torch.randn(3, 2, 4, positions, dtype=torch.float64)
    signals = torch.randn(5, 3, 6, positions, dtype=torch.float64)
    weights = torch.randn(5, 3, dtype=torch.float64)
    sums = LinearMap(patches, 5, 3)
    assert (sums.pairs is not None) == by_pairs
    expected = 0.0
    for signal, weight in zip(signals, weights, strict=True):
        sums.add(signal, weight)
        for n in range(3):
            for g in range(2):
                gradient = signal[n, 3 * g : 3 * g + 3] @ patches[n, g].T
                expected += float(weight[n] * gradient.square().sum())
    assert sums.totals()[0] == pytest.approx(expected, rel=1e-12)


def test_a_network_under_connectionist_temporal_classification():
    model, inputs = problem("over time")
    model[5] = Lambda(lambda h: h.mT.repeat_interleave(2, dim=1))
    model[7] = nn.Identity()
    model.append(nn.Linear(3, 4)).double()

    def criterion(y):
        lengths = torch.full((3,), y.shape[1])
        return ctc_loss_from_logits(
            y.transpose(0, 1), torch.tensor([[1, 2], [3, 3], [2, 1]]), lengths, torch.tensor([2, 1, 1])
        )

    expected = slow_traces(model, inputs, criterion)
    assert_exact(piecewise_linear_trace(model, inputs, criterion), expected)


def test_a_criterion_without_curvature_leaves_none():
    model, inputs = problem("mlp")
    trace = piecewise_linear_trace(model, inputs, lambda y: y.sum())
    assert (trace.value, trace.num_products) == (0.0, 0)


def test_almost_certain_outputs_are_no_coupling():
    model, inputs = problem("mlp")
    trace = piecewise_linear_trace(model, inputs, lambda y: CRITERIA["cross-entropy"](1e2 * y))
    assert 0 <= trace.value < 1e3


def test_chosen_parameters_at_other_values():
    model, inputs = problem("cnn")
    chosen = {"4.weight": torch.randn(4, 1, 2, 2, dtype=torch.float64), "8.bias": torch.ones(3).double()}
    expected = slow_traces(model, inputs, CRITERIA["cross-entropy"], chosen)
    assert_exact(piecewise_linear_trace(model, inputs, CRITERIA["cross-entropy"], chosen), expected)


def test_single_precision_keeps_single_precision():
    model, inputs = problem("cnn")
    exact = piecewise_linear_trace(model, inputs, CRITERIA["cross-entropy"]).value
    single = piecewise_linear_trace(model.float(), inputs.float(), CRITERIA["cross-entropy"]).value
    assert single == pytest.approx(exact, rel=2e-6)


def test_one_backward_pass_for_each_class_but_one():
    model, inputs = problem("mlp")
    assert piecewise_linear_trace(model, inputs, CRITERIA["cross-entropy"]).num_products == 2
    assert piecewise_linear_trace(model, inputs, CRITERIA["cross-entropy"], chunk_size=2).num_products == 6


def test_nothing_of_the_model_changes():
    model, inputs = problem("cnn")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    kept = inputs.clone()
    with torch.no_grad():
        piecewise_linear_trace(model, inputs, CRITERIA["mse"])
    model.train()
    with pytest.raises(ValueError, match="statistics"):
        piecewise_linear_trace(model, inputs, CRITERIA["mse"])
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    torch.testing.assert_close(inputs, kept, rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def after_linear(*layers):
    return nn.Sequential(nn.Linear(3, 4), *layers)


REFUSED = {
    "tanh": (lambda: after_linear(nn.Tanh()), r"layer '1' \(Tanh\): tanh is not known to be piecewise"),
    "gelu": (lambda: after_linear(nn.GELU()), r"layer '1' \(GELU\): gelu is not known"),
    "square": (lambda: after_linear(Lambda(lambda h: h * h)), r"mul multiplies two tensors that both depend"),
    "quotient": (lambda: after_linear(Lambda(lambda h: 1 / h)), "reciprocal is not known"),
    "divisor": (lambda: after_linear(Lambda(lambda h: h / h[:, :1])), "div divides by what depends"),
    "layer norm": (lambda: after_linear(nn.LayerNorm(4)), r"layer '1' \(LayerNorm\): native_layer_norm"),
    "tied weights": (tied, r"layer '2' \(Linear\): addmm multiplies .* depend on \['0.weight'\]"),
    "recurrence": (Recurrent, r"layer 'over' \(Linear\).* depend on \['over.weight'\]"),
    "batch norm": (lambda: after_linear(nn.BatchNorm1d(4)), r"layer '1' \(BatchNorm1d\): .* statistics"),
    "dropout": (lambda: after_linear(nn.Dropout()), r"layer '1' \(Dropout\) draws random numbers"),
    "bare product": (lambda: after_linear(nn.ReLU(), nn.Linear(4, 3), Scaled()), r"\['3.scale'\] do not"),
    "used twice in parallel": (
        lambda: Twice(nn.Linear(3, 3)),
        r"\['layer.bias', 'layer.weight'\] do not",
    ),
    "batch mean": (lambda: after_linear(Lambda(lambda h: h - h.mean(0))), "mean does not keep 4 examples"),
    "neighbours": (lambda: after_linear(Lambda(lambda h: h + h.roll(1, 0))), "roll does not keep 4"),
    "batch along columns": (lambda: after_linear(Lambda(lambda h: h + h.mT)), "t.* does not keep 4"),
    "outer product": (lambda: after_linear(Lambda(lambda h: h + h[:, None])), "add does not keep 4"),
    "joined batch": (lambda: after_linear(Lambda(lambda h: torch.cat([h, h])[:4])), "cat does not keep 4"),
    "pooled rows": (lambda: after_linear(Lambda(lambda h: h.sum())), "sum does not keep 4"),
    "two rows an example": (lambda: after_linear(Lambda(lambda h: h.view(8, 2))), "must return 4 rows"),
    "idle": (lambda: after_linear(Lambda(lambda h: h.detach().new_ones(4, 2))), "do not use .'0.bias'"),
    "overwritten": (
        lambda: after_linear(Branches("cat"), Lambda(lambda h: h.mul_(2)), Reused()),
        r"layer '3.layer' \(Linear\): its input was changed in place afterwards",
    ),
    "written in part": (lambda: after_linear(Written()), "copy writes into a part"),
}


class Twice(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x) + self.layer(2 * x)


class Reused(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 3)

    def forward(self, x):
        y = self.layer(x)
        x += 1
        return y + x[:, :3]


class Written(nn.Module):
    def forward(self, h):
        buffer = h.detach().new_zeros(8, 4)
        buffer[:4] = h
        buffer[4:] = h
        return buffer[::2]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_exact_is_refused_by_name(case):
    build, message = REFUSED[case]
    torch.manual_seed(0)
    inputs = torch.randn(4, 5, 3) if case == "recurrence" else torch.randn(4, 3)
    with pytest.raises(ValueError, match=message):
        piecewise_linear_trace(build(), inputs, lambda y: y.square().sum())


def test_a_relu_recurrent_layer_of_torch_is_refused():
    model = nn.Sequential(nn.RNN(3, 4, nonlinearity="relu", batch_first=True), Lambda(lambda h: h[0][:, -1]))
    with pytest.raises(ValueError, match=r"layer '0' \(RNN\): .* depend on \['0.weight_hh_l0'\]"):
        piecewise_linear_trace(model, torch.randn(4, 5, 3), lambda y: y.square().sum())


HUGE = torch.full((5, 3), 1e200, dtype=torch.float64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chunk_size": 0}, "chunk_size must be at least 1, got 0"),
        ({"criterion": lambda y: y.sum(0).square().sum()}, "couples two of them"),
        ({"criterion": lambda y: (y[4] * y[2]).sum() + y.square().sum()}, "couples two of them"),
        ({"criterion": lambda y: y.square()}, r"criterion must return a finite scalar, got shape \(5, 3\)"),
        ({"criterion": lambda y: y.sum() / 0}, "criterion must return a finite scalar"),
        ({"params": {}}, "params must hold at least one tensor"),
        ({"inputs": HUGE, "criterion": lambda y: (1e-100 * y).square().sum()}, "the trace must be finite"),
    ],
)
def test_bad_input_is_refused(monkeypatch, arguments, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    model, inputs = problem("mlp")
    arguments = {"inputs": inputs, "criterion": lambda y: y.square().sum()} | arguments
    with pytest.raises(ValueError, match=message):
        piecewise_linear_trace(model, **arguments)
