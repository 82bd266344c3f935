"""Second derivatives against the dense float64 Hessian of a recursion written step by step."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import KINDS, make_problem
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

SHAPES = [
    {},
    {"from_rest": True, "bias": False},
    {"num_layers": 2, "sizes": (2, 2), "frames": 3},
    {"bidirectional": True, "sizes": (2, 2), "frames": 3, "lengths": [3, 1]},
    {
        "num_layers": 2,
        "bidirectional": True,
        "sizes": (1, 2),
        "frames": 3,
        "lengths": [2, 3],
        "from_rest": True,
    },
    {"frames": 1},
]


def close(actual, expected, rtol=1e-9):
    scale = expected.abs().max().clamp_min(1e-12)
    assert float((actual - expected).abs().max() / scale) < rtol


def vectors(problem, count, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, len(problem.flat()), generator=generator, dtype=torch.float64)


def recorded_gradient(problem, **options):
    point = problem.flat().requires_grad_()
    loss = problem.flat_loss(point, lambda tensors: problem.loss(tensors, **options))
    return point, torch.autograd.grad(loss, point, create_graph=True)[0]


@pytest.mark.parametrize("options", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_and_products_are_those_of_the_dense_hessian(kind, options):
    problem = make_problem(kind, **options)
    gradient, matrix = problem.dense()
    vs = vectors(problem, 3)
    expected = vs @ matrix
    for second_order in ("auto", True):
        point, recorded = recorded_gradient(problem, second_order=second_order)
        close(recorded.detach(), gradient)
        for v, product in zip(vs, expected, strict=True):
            close(torch.autograd.grad(recorded, point, v, retain_graph=True)[0], product)
        batched = vmap(lambda v: torch.autograd.grad(recorded, point, v, retain_graph=True)[0])  # noqa: B023
        close(batched(vs), expected)


@pytest.mark.parametrize("options", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_transforms_of_torch_func(kind, options):
    problem = make_problem(kind, **options)
    gradient, matrix = problem.dense()
    vs = vectors(problem, 2)
    point = problem.flat()

    def loss(flat):
        return problem.flat_loss(flat, problem.loss)

    close(grad(loss)(point), gradient)
    close(jvp(loss, (point,), (vs[0],))[1], gradient @ vs[0])
    close(jvp(grad(loss), (point,), (vs[0],))[1], matrix @ vs[0])
    close(grad(lambda p: jvp(loss, (p,), (vs[0],))[1])(point), matrix @ vs[0])
    close(grad(lambda p: grad(loss)(p) @ vs[0])(point), matrix @ vs[0])
    close(vmap(lambda v: jvp(grad(loss), (point,), (v,))[1])(vs), vs @ matrix)


@pytest.mark.parametrize("kind", KINDS)
def test_hessians_of_torch_func(kind):
    problem = make_problem(kind, frames=3, sizes=(1, 2))
    matrix = problem.dense()[1]

    def loss(flat):
        return problem.flat_loss(flat, problem.loss)

    close(hessian(loss)(problem.flat()), matrix)
    close(jacrev(jacfwd(loss))(problem.flat()), matrix)
    close(jacrev(jacrev(loss))(problem.flat()), matrix)
    with pytest.raises(NotImplementedError, match="forward over forward"):
        jacfwd(jacfwd(loss))(problem.flat())


@pytest.mark.parametrize("kind", KINDS)
def test_forward_differentiation_of_a_tangent_is_not_lost(kind):
    """torch switches forward mode off in a function's jvp: an outer one would silently see a constant."""
    problem = make_problem(kind)
    gradient, matrix = problem.dense()
    v, w = vectors(problem, 2)
    point = problem.flat()

    def loss(flat):
        return problem.flat_loss(flat, problem.loss)

    along = jvp(lambda u: jvp(loss, (point,), (u,))[1], (v,), (w,))
    close(along[0], gradient @ v)
    close(along[1], gradient @ w)
    back = vjp(lambda u: jvp(loss, (point,), (u,))[1], v)[1](torch.ones_like(along[0]))[0]
    close(back, gradient)
    with pytest.raises(NotImplementedError, match=r"third derivatives|forward over forward"):
        jvp(lambda u: jvp(grad(loss), (point,), (u,))[1], (v,), (w,))
    point, recorded = recorded_gradient(problem)
    with pytest.raises(NotImplementedError, match="third derivatives"):
        jvp(lambda u: torch.autograd.grad(recorded, point, u, retain_graph=True)[0], (v,), (w,))
    close(torch.autograd.grad(recorded, point, v)[0], matrix @ v)


@pytest.mark.parametrize("kind", KINDS)
def test_a_first_gradient_after_a_second_of_the_same_graph(kind):
    """The kernel's own graph is gone by then."""
    problem = make_problem(kind, num_layers=2, sizes=(2, 2), frames=3)
    gradient, matrix = problem.dense()
    point = problem.flat().requires_grad_()
    loss = problem.flat_loss(point, problem.loss)
    v = vectors(problem, 1)[0]
    (recorded,) = torch.autograd.grad(loss, point, create_graph=True)
    close(torch.autograd.grad(recorded, point, v, retain_graph=True)[0], matrix @ v)
    close(torch.autograd.grad(loss, point, retain_graph=True)[0], gradient)
    rows = torch.tensor([1.0, -2.0], dtype=torch.float64)
    many = vmap(lambda row: torch.autograd.grad(loss, point, row, retain_graph=True)[0])(rows)
    close(many, rows[:, None] * gradient)


@pytest.mark.parametrize("kind", KINDS)
def test_vmap_over_parameters_inputs_and_initial_states(kind):
    problem = make_problem(kind, lengths=[4, 2], bidirectional=True)
    generator = torch.Generator().manual_seed(5)
    for moved in [("weight_hh_l0",), ("inputs",), ("h_0",), tuple(problem.tensors)]:
        stacks = {
            name: value + 0.1 * torch.randn(3, *value.shape, generator=generator, dtype=value.dtype)
            for name, value in problem.tensors.items()
            if name in moved
        }

        def loss(parts):
            return problem.loss({**problem.tensors, **parts})

        many = vmap(grad(loss))(stacks)
        at_once = grad(lambda parts: vmap(loss)(parts).sum())(stacks)
        for k in range(3):
            one = grad(loss)({name: value[k] for name, value in stacks.items()})
            for name in moved:
                close(many[name][k], one[name])
                close(at_once[name][k], one[name])


@pytest.mark.parametrize("kind", KINDS)
def test_a_broadcast_argument_of_a_batched_sweep_gets_the_sum(kind):
    problem = make_problem(kind)
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(3, *problem.tensors["inputs"].shape, generator=generator, dtype=torch.float64)
    params = {name: value for name, value in problem.tensors.items() if name != "inputs"}

    def total(params):
        return vmap(lambda x: problem.loss({**params, "inputs": x}))(inputs).sum()

    singles = [grad(lambda p: problem.loss({**p, "inputs": x}))(params) for x in inputs]  # noqa: B023
    tangent = {name: torch.ones_like(value) for name, value in params.items()}
    curved = jvp(grad(total), (params,), (tangent,))[1]
    one_by_one = [
        jvp(grad(lambda p: problem.loss({**p, "inputs": x})), (params,), (tangent,))[1]  # noqa: B023
        for x in inputs
    ]
    for name, value in grad(total)(params).items():
        close(value, sum(single[name] for single in singles))
        close(curved[name], sum(single[name] for single in one_by_one))


@pytest.mark.parametrize("second_order", ["auto", True])
@pytest.mark.parametrize("kind", ["RNN_TANH", "LSTM", "GRU"])
def test_gradcheck_and_gradgradcheck(kind, second_order):
    problem = make_problem(kind, frames=2, sizes=(1, 2), lengths=[2, 1], bidirectional=True)
    names = list(problem.tensors)

    def loss(*values):
        return problem.loss(dict(zip(names, values, strict=True)), second_order=second_order)

    values = [value.clone().requires_grad_() for value in problem.tensors.values()]
    # "auto" takes the way that True takes, which is checked entry by entry; one random direction will do.
    fast = {"fast_mode": second_order == "auto", "check_batched_grad": False}
    assert torch.autograd.gradcheck(loss, values, check_forward_ad=True, **fast)
    assert torch.autograd.gradgradcheck(loss, values, **fast)


@settings(max_examples=15)
@given(
    kind=st.sampled_from(KINDS),
    frames=st.integers(1, 6),
    batch=st.integers(1, 3),
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    num_layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    from_rest=st.booleans(),
    data=st.data(),
)
def test_products_for_any_shape_and_lengths(kind, frames, batch, sizes, from_rest, data, **options):
    lengths = data.draw(
        st.none() | st.lists(st.integers(1, frames), min_size=batch, max_size=batch), label="lengths"
    )
    problem = make_problem(
        kind, frames=frames, batch=batch, sizes=sizes, lengths=lengths, from_rest=from_rest, **options
    )
    point = problem.flat().requires_grad_()
    value = problem.flat_loss(point, problem.plain_loss)
    (gradient,) = torch.autograd.grad(value, point, create_graph=True)
    v = vectors(problem, 1)[0]
    (expected,) = torch.autograd.grad(gradient, point, v)
    ours, recorded = recorded_gradient(problem)
    close(recorded.detach(), gradient.detach())
    close(torch.autograd.grad(recorded, ours, v)[0], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_forward_differentiation_in_float32(kind):
    problem = make_problem(kind)
    gradient, matrix = problem.dense()
    v = vectors(problem, 1)[0]

    def loss(flat):
        return problem.flat_loss(flat, problem.loss)

    point = problem.flat().float()
    problem.layer.float()
    problem.tensors = {name: value.float() for name, value in problem.tensors.items()}
    close(jvp(loss, (point,), (v.float(),))[1].double(), gradient @ v, rtol=1e-4)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(point, v.float())
        tangent = torch.autograd.forward_ad.unpack_dual(loss(dual)).tangent
        assert tangent is not None
        close(tangent.double(), gradient @ v, rtol=1e-4)
    close(jvp(grad(loss), (point,), (v.float(),))[1].double(), matrix @ v, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node:UserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_linearize_gives_the_same_product_at_every_call(kind):
    problem = make_problem(kind, frames=2, sizes=(1, 2))
    _, matrix = problem.dense()
    vs = vectors(problem, 2)
    _, linear = torch.func.linearize(grad(lambda flat: problem.flat_loss(flat, problem.loss)), problem.flat())
    for _ in range(3):
        for v in vs:
            close(linear(v), matrix @ v)
    close(vmap(linear)(vs), vs @ matrix)
    close(linear(vs[0]), matrix @ vs[0])


@pytest.mark.parametrize("second_order", ["auto", True])
@pytest.mark.parametrize("kind", ["RNN_TANH", "LSTM", "GRU"])
def test_third_derivatives_are_refused(kind, second_order):
    problem = make_problem(kind)
    point, recorded = recorded_gradient(problem, second_order=second_order)
    v = vectors(problem, 1)[0]
    (product,) = torch.autograd.grad(recorded, point, v, create_graph=True)
    close(product.detach(), problem.dense()[1] @ v)
    with pytest.raises(NotImplementedError, match="third derivatives of RNNLayer"):
        torch.autograd.grad(product @ v, point)


@pytest.mark.parametrize("kind", ["RNN_TANH", "LSTM", "GRU"])
def test_third_derivatives_and_forward_over_forward_are_refused_in_torch_func(kind):
    problem = make_problem(kind)
    point, v = problem.flat(), vectors(problem, 1)[0]

    def loss(flat):
        return problem.flat_loss(flat, problem.loss)

    def along(function):
        return lambda p: jvp(function, (p,), (v,))[1]

    for function in (grad(along(along(loss))), along(along(loss)), along(along(grad(loss)))):
        with pytest.raises(NotImplementedError, match=r"third derivatives|forward over forward"):
            function(point)
    with pytest.raises(NotImplementedError, match="third derivatives"):
        grad(lambda p: along(grad(loss))(p) @ v)(point)
    with pytest.raises(NotImplementedError, match="third derivatives"):
        grad(lambda p: grad(along(loss))(p) @ v)(point)
