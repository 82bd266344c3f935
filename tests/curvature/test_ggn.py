import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_layers import cases
from torch import nn
from torch.nn import functional

from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator, ggn_vector_product
from hnrc_lib.curvature.gauss_newton_graph import GaussNewtonGraph
from hnrc_lib.curvature.vectors import flatten, unflatten
from hnrc_lib.sequence import ctc_gauss_newton_product, ctc_loss_from_logits

CASES = {name: case for name, case in cases().items() if name != "CTC"}
# torch says so whenever such a layer runs in float32.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")


def dense_ggn(outputs, loss, params):
    """JᵀH_out J from a Jacobian and a Hessian taken entry by entry."""
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    z = outputs(leaves)
    rows = []
    for entry in z.reshape(-1):
        parts = torch.autograd.grad(entry, list(leaves.values()), retain_graph=True)
        rows.append(torch.cat([part.reshape(-1) for part in parts]))
    jacobian = torch.stack(rows)
    inner = torch.autograd.functional.hessian(lambda flat: loss(flat.view(z.shape)), z.detach().reshape(-1))
    return jacobian.mT @ inner @ jacobian


def tanh_problem(dtype=torch.float64):
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).to(dtype)
    params = {name: value.detach() for name, value in model.named_parameters()}
    inputs, targets = torch.randn(6, 3, dtype=dtype), torch.tensor([0, 1, 2, 0, 1, 2])
    return (
        lambda p: torch.func.functional_call(model, p, (inputs,)),
        lambda z: functional.cross_entropy(z, targets),
        params,
    )


def softmax_loss(targets):
    return lambda z: functional.cross_entropy(z if z.ndim == 2 else z.mean(1), targets)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_stock_layers_give_the_matrix_of_a_plain_jacobian(name, dtype):
    case = CASES[name]
    expected = dense_ggn(
        lambda p: torch.func.functional_call(case.model.double(), p, (case.inputs.double(),)),
        softmax_loss(case.targets),
        case.params(torch.float64),
    )
    case.model.to(dtype)
    operator = GGNLinearOperator(
        lambda p: torch.func.functional_call(case.model, p, (case.inputs.to(dtype),)),
        softmax_loss(case.targets),
        case.params(dtype),
    )
    block = torch.randn(len(expected), 3, dtype=torch.float64)
    tolerance = 1e-10 if dtype == torch.float64 else 3e-5
    for _ in range(3):
        product = operator @ block[:, 0].to(dtype)
        assert (product - expected @ block[:, 0]).norm() <= tolerance * (expected @ block[:, 0]).norm()
    assert (operator @ block.to(dtype) - expected @ block).norm() <= tolerance * (expected @ block).norm()
    assert (operator.to_dense() - expected).norm() <= tolerance * expected.norm()
    assert (operator.diag() - expected.diag()).norm() <= tolerance * expected.norm()


def test_a_fresh_product_is_the_kept_one():
    outputs, loss, params = tanh_problem()
    vector = {name: torch.randn_like(value) for name, value in params.items()}
    fresh = ggn_vector_product(outputs, loss, params, vector)
    torch.testing.assert_close(flatten(fresh), flatten(GGNLinearOperator(outputs, loss, params) @ vector))


def test_value_and_gradient_are_those_of_the_composed_loss():
    outputs, loss, params = tanh_problem()
    G = GGNLinearOperator(outputs, loss, params)
    H = HessianLinearOperator(lambda p: loss(outputs(p)), params)
    torch.testing.assert_close(G.value, H.value)
    torch.testing.assert_close(flatten(G.gradient), flatten(H.gradient))


def test_it_equals_the_hessian_where_the_outputs_are_linear():
    params = {"w": torch.randn(3, 4, dtype=torch.float64)}
    x, y = torch.randn(5, 4, dtype=torch.float64), torch.tensor([0, 2, 1, 1, 0])

    def outputs(p):
        return x @ p["w"].mT

    G = GGNLinearOperator(outputs, lambda z: functional.cross_entropy(z, y), params)
    H = HessianLinearOperator(lambda p: functional.cross_entropy(outputs(p), y), params)
    torch.testing.assert_close(G.to_dense(), H.to_dense())


@given(seed=st.integers(0, 2**31))
@settings(max_examples=20)
def test_positive_semi_definite_and_symmetric_for_a_convex_loss(seed):
    generator = torch.Generator().manual_seed(seed)
    x, u, v = (torch.randn(4, generator=generator, dtype=torch.float64) for _ in range(3))
    G = GGNLinearOperator(lambda p: torch.sin(p["x"].outer(p["x"])), lambda z: z.exp().sum(), {"x": x})
    assert u @ (G @ u) >= -1e-9
    torch.testing.assert_close(u @ (G @ v), v @ (G @ u), rtol=1e-9, atol=1e-9)


def test_a_loss_that_is_linear_in_the_outputs_gives_zero():
    G = GGNLinearOperator(lambda p: p["x"] ** 2, lambda z: z.sum(), {"x": torch.ones(3)})
    assert (G @ torch.ones(3)).abs().max() == 0


def test_a_closed_form_product_stands_in_for_the_curvature_of_ctc():
    torch.manual_seed(2)
    x, targets = torch.randn(5, 2, 3, dtype=torch.float64), torch.tensor([[1, 1], [2, 0]])
    rest = targets, (5, 4), (2, 1)
    params = {"w": torch.randn(3, 3, dtype=torch.float64)}
    G = GGNLinearOperator(
        lambda p: x @ p["w"],
        lambda z: ctc_loss_from_logits(z, *rest),
        params,
        output_product=lambda z, u: ctc_gauss_newton_product(z, u, *rest),
    )
    H = HessianLinearOperator(lambda p: ctc_loss_from_logits(x @ p["w"], *rest), params)
    dense = G.to_dense()
    assert torch.linalg.eigvalsh(dense).min() > -1e-12
    assert torch.linalg.eigvalsh(dense - H.to_dense()).min() > -1e-12
    torch.testing.assert_close(flatten(G.gradient), flatten(H.gradient))


def test_over_data_it_is_the_sum_over_batches():
    outputs, loss, params = tanh_problem()
    whole = GGNLinearOperator(outputs, lambda z: 6 * loss(z), params).to_dense()
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    parts = GGNLinearOperator(
        lambda p, rows: outputs(p)[rows],
        lambda z, rows: functional.cross_entropy(z, y[rows], reduction="sum"),
        params,
        data=[torch.tensor([0, 5]), torch.tensor([1, 2, 3]), torch.tensor([4])],
    )
    torch.testing.assert_close(parts.to_dense(), whole)
    torch.testing.assert_close(parts @ whole[0], whole @ whole[0])


@pytest.mark.parametrize(
    ("outputs", "loss", "error", "message"),
    [
        (lambda p: p["x"] * 2, lambda z: z, ValueError, r"loss must return a scalar, got shape \(3,\)"),
        (lambda p: p["x"] * 2, lambda z: 1.0, TypeError, "loss must return a tensor, got float"),
        (lambda p: 2.0, lambda z: z, TypeError, "outputs must return a tensor, got float"),
        (lambda p: torch.ones(3), lambda z: z.sum(), ValueError, "outputs must depend on params"),
        (lambda p: p["x"] * 2, lambda z: torch.tensor(1.0), ValueError, "loss must depend on the outputs"),
        (lambda p: p["x"] / 0, lambda z: z.sum(), ValueError, "loss must be finite"),
    ],
)
def test_what_has_no_gauss_newton_matrix_is_refused(outputs, loss, error, message):
    with pytest.raises(error, match=message):
        GGNLinearOperator(outputs, loss, {"x": torch.ones(3)})


def test_unused_parameters_and_wrong_vectors_are_refused_by_name():
    params = {"x": torch.ones(3), "y": torch.ones(2)}
    with pytest.raises(ValueError, match=r"outputs must depend on every parameter, .* \['y'\]"):
        GGNLinearOperator(lambda p: p["x"], lambda z: z.sum(), params)
    with pytest.raises(ValueError, match="vector must match params"):
        ggn_vector_product(lambda p: p["x"], lambda z: z.sum(), params, {"x": torch.ones(3)})
    G = GGNLinearOperator(lambda p: p["x"] ** 2, lambda z: z.pow(2).sum(), {"x": torch.ones(3)})
    with pytest.raises(ValueError, match=r"vector must have shape \(3,\) or \(3, k\), got \(4,\)"):
        G @ torch.ones(4)


def test_a_dict_goes_in_and_out():
    outputs, loss, params = tanh_problem()
    G = GGNLinearOperator(outputs, loss, params)
    vector = torch.randn(G.shape[0], dtype=torch.float64)
    as_dict = G.damped(0.5) @ unflatten(vector, params)
    torch.testing.assert_close(flatten(as_dict), G @ vector + 0.5 * vector)


@pytest.mark.parametrize("own", [False, True])
def test_on_a_loss_that_is_there_it_is_the_same_matrix(own):
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 3, (5,), generator=generator)
    product = (lambda _, u: 2 * u) if own else None
    params = {name: value.detach() for name, value in model.named_parameters()}
    whole = GGNLinearOperator(
        lambda p: torch.func.functional_call(model, p, (x,)),
        lambda z: functional.cross_entropy(z, y),
        params,
        output_product=product,
    ).to_dense()
    idle = torch.ones(2, dtype=torch.float64, requires_grad=True)
    z, leaves = model(x), dict(model.named_parameters()) | {"idle": idle}
    # A penalty past the outputs enters the gradient, not the matrix.
    value = functional.cross_entropy(z, y) + idle.square().sum()
    graph = GaussNewtonGraph.on(value, z, leaves, (lambda u: 2 * u) if own else None)
    rows = graph.row_products(list(leaves), list(leaves), torch.eye(graph.size, dtype=torch.float64), 8)
    torch.testing.assert_close(rows[:-2, :-2], whole)
    assert bool((rows[-2:] == 0).all())
    assert bool((rows[:, -2:] == 0).all())
    assert graph.gradient["idle"].tolist() == [2.0, 2.0]
    torch.testing.assert_close(graph.gradient["0.bias"], torch.autograd.grad(value, model[0].bias)[0])


def test_on_outputs_of_another_call_is_refused():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="loss must be computed from the outputs that came with it"):
        GaussNewtonGraph.on((x * 2).sum(), x * 2, {"x": x})
