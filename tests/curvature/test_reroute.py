import pytest
import torch
from plain_layers import cases
from smooth_network import entry_by_entry
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature import HessianLinearOperator, hessian_vector_product, rerouted
from hnrc_lib.curvature.vectors import flatten, unflatten

CASES = cases()
# torch says so whenever such a layer runs in float32.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
TOLERANCE = {torch.float64: 1e-10, torch.float32: 2e-5}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture(scope="module")
def expected(case):
    return entry_by_entry(case.plain_loss, case.params(torch.float64))


def distance(found, expected):
    return float((found.double() - expected).norm() / expected.norm())


def test_the_two_losses_are_one_function(case):
    params = case.params(torch.float64)
    torch.testing.assert_close(case.stock_loss(torch.float64)(params), case.plain_loss(params))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_stock_layers_give_the_hessian_of_their_equations(case, expected, dtype):
    operator = HessianLinearOperator(case.stock_loss(dtype), case.params(dtype))
    size = len(expected)
    block = torch.randn(size, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    vector = block[:, 0].to(dtype)
    for _ in range(3):  # a kept graph gives the same product again and again
        assert distance(operator @ vector, expected @ block[:, 0]) < TOLERANCE[dtype]
    assert distance(operator @ block.to(dtype), expected @ block) < TOLERANCE[dtype]
    assert distance(operator.to_dense(), expected) < TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_fresh_products_are_the_same(case, expected, dtype):
    params = case.params(dtype)
    vector = torch.randn(len(expected), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    product = hessian_vector_product(case.stock_loss(dtype), params, unflatten(vector.to(dtype), params))
    assert distance(flatten(product), expected @ vector) < TOLERANCE[dtype]


def test_a_product_leaves_the_buffers_of_a_model_as_they_are(case):
    loss = case.stock_loss(torch.float64)
    before = {name: value.clone() for name, value in case.model.named_buffers()}
    HessianLinearOperator(loss, case.params(torch.float64))
    for name, value in case.model.named_buffers():
        assert torch.equal(value, before[name]), name
    assert all(part.training for part in case.model.modules())


def test_buffers_are_untouched_on_an_exception_too():
    norm = nn.BatchNorm1d(3)

    def fails(params):
        norm(torch.randn(4, 3))
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        HessianLinearOperator(fails, {"x": torch.ones(2)})
    assert norm.num_batches_tracked.item() == 0
    assert torch.equal(norm.running_mean, torch.zeros(3))


def test_outside_nothing_changes():
    norm = nn.BatchNorm1d(3)
    with rerouted():
        norm(torch.randn(4, 3))
    norm(torch.randn(4, 3))
    assert norm.num_batches_tracked.item() == 1
    assert norm.running_mean.abs().sum() > 0


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_deep_and_bidirectional_stock_lstms(layers, bidirectional):
    torch.manual_seed(0)
    lstm = nn.LSTM(2, 3, layers, bidirectional=bidirectional).double()
    inputs = torch.randn(4, 2, 2, dtype=torch.float64)

    def loss(params):
        return torch.func.functional_call(lstm, params, (inputs,))[0].pow(2).sum()

    params = {name: value.detach() for name, value in lstm.named_parameters()}
    # torch's own kernel on the CPU in float64 can be differentiated twice.
    assert distance(HessianLinearOperator(loss, params).to_dense(), entry_by_entry(loss, params)) < 1e-10


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_every_way_to_call_ctc_is_sent_on(reduction):
    scores = torch.randn(6, 2, 4, dtype=torch.float64)
    targets, sizes = torch.tensor([[1, 2], [3, 0]]), ((6, 5), (2, 1))
    number = {"none": 0, "mean": 1, "sum": 2}[reduction]
    expected = functional.ctc_loss(scores.log_softmax(-1), targets, *sizes, reduction=reduction)

    def product(call):
        params = {"x": scores}
        found = [call(scores.log_softmax(-1)).sum()]
        H = HessianLinearOperator(lambda p: call(p["x"].log_softmax(-1)).sum(), params)
        torch.testing.assert_close(H.value, expected.sum())
        return found[0], H @ torch.linspace(-1, 1, 48, dtype=torch.float64)

    calls = [
        lambda x: functional.ctc_loss(x, targets, *sizes, reduction=reduction),
        lambda x: functional.ctc_loss(x, targets.double(), *sizes, reduction=reduction),
        lambda x: torch.ctc_loss(x, targets, *map(torch.tensor, sizes), 0, number, False),
        lambda x: nn.CTCLoss(reduction=reduction)(x, targets, *map(torch.tensor, sizes)),
    ]
    values, products = zip(*map(product, calls), strict=True)
    for value, other in zip(values, products, strict=True):
        torch.testing.assert_close(value, expected.sum())
        torch.testing.assert_close(other, products[0])
    assert products[0].norm() > 0


DROPOUTS = {
    "nn.Dropout": (lambda x: nn.Dropout(0.25)(x), r"dropout \(p=0.25\)"),
    "nn.Dropout1d": (lambda x: nn.Dropout1d(0.25)(x), r"dropout1d \(p=0.25\)"),
    "nn.AlphaDropout": (lambda x: nn.AlphaDropout(0.25)(x), r"alpha_dropout \(p=0.25\)"),
    "F.dropout, positional": (lambda x: functional.dropout(x, 0.25, True), r"dropout \(p=0.25\)"),
    "F.dropout, default": (lambda x: functional.dropout(x), r"dropout \(p=0.5\)"),
    "torch.dropout": (lambda x: torch.dropout(x, 0.25, True), r"dropout \(p=0.25\)"),
    "nn.RReLU": (lambda x: nn.RReLU()(x), r"rrelu \(p=1.0\)"),
    "nn.LSTM": (lambda x: nn.LSTM(3, 3, 2, dropout=0.25)(x)[0], r"nn.LSTM \(p=0.25\)"),
    "nn.MultiheadAttention": (
        lambda x: nn.MultiheadAttention(3, 1, dropout=0.25)(x, x, x)[0],
        r"multi_head_attention \(p=0.25\)",
    ),
    "F.scaled_dot_product_attention": (
        lambda x: functional.scaled_dot_product_attention(x, x, x, dropout_p=0.25),
        r"scaled_dot_product_attention \(p=0.25\)",
    ),
}


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout_in_training_mode_is_refused_by_name(name):
    layer, message = DROPOUTS[name]
    params = {"x": torch.randn(4, 2, 3)}
    with pytest.raises(ValueError, match=message + " is in training mode: call model.eval"):
        HessianLinearOperator(lambda p: layer(p["x"]).pow(2).sum(), params)


def test_dropout_that_drops_nothing_passes():
    params = {"x": torch.randn(4, 3)}
    for layer in (nn.Dropout(0.5).eval(), nn.Dropout(0.0), nn.RReLU().eval()):
        H = HessianLinearOperator(lambda p, layer=layer: layer(p["x"]).pow(3).sum(), params)
        assert (H @ torch.ones(12)).abs().sum() > 0


@pytest.mark.parametrize("check", [True, False])
def test_random_losses_are_refused(check):
    params = {"x": torch.ones(3)}

    def noisy(p):
        return (p["x"] * torch.randn(3)).pow(2).sum()

    with pytest.raises(ValueError, match="same function at each call"):
        HessianLinearOperator(noisy, params, check_deterministic=check)
    with pytest.raises(ValueError, match="same function at each call"):
        hessian_vector_product(noisy, params, {"x": torch.ones(3)})


def test_a_loss_that_seeds_itself_is_deterministic_and_passes():
    def seeded(p):
        torch.manual_seed(3)
        return (p["x"] * torch.randn(3)).pow(2).sum()

    torch.manual_seed(3)
    noise = torch.randn(3)
    H = HessianLinearOperator(seeded, {"x": torch.ones(3)})
    torch.testing.assert_close(H.diag(), 2 * noise**2)


def test_a_loss_that_counts_its_calls_is_refused_by_the_operator():
    calls = []

    def drifting(p):
        calls.append(1)
        return len(calls) * p["x"].pow(2).sum()

    with pytest.raises(ValueError, match="two calls at the same params differ"):
        HessianLinearOperator(drifting, {"x": torch.ones(2)})
    assert len(calls) == 2


@pytest.mark.parametrize(
    "make", [nn.BatchNorm1d, lambda size: nn.InstanceNorm1d(size, track_running_stats=True)]
)
def test_running_statistics_move_where_it_is_asked_for_as_outside(make):
    inside, outside = make(3), make(3)
    x = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        with rerouted(move_statistics=True):
            value = inside(x)
        torch.testing.assert_close(value, outside(x))
    assert torch.equal(inside.num_batches_tracked, outside.num_batches_tracked)
    torch.testing.assert_close(inside.running_mean, outside.running_mean)
    torch.testing.assert_close(inside.running_var, outside.running_var)
    assert float(inside.running_mean.abs().max()) > 0
