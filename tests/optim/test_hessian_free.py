import jaxtyping
import pytest
import torch
from closures import case, dense, flat, gradient, quadratic

from hnrc_lib.linalg import DenseOperator
from hnrc_lib.optim import Curvature, HessianFree, hessian_free
from hnrc_lib.optim.hessian_free import MartensStop

F64 = torch.float64


class Never(MartensStop):
    def __call__(self, step, x, value):
        self.values.append(value)
        return False


@pytest.fixture
def to_convergence(monkeypatch):
    monkeypatch.setattr(hessian_free, "MartensStop", Never)


@pytest.mark.usefixtures("to_convergence")
@pytest.mark.parametrize(
    ("name", "matrix", "preconditioner"),
    [
        ("mlp", "hessian", "none"),
        ("mlp", "ggn", "diagonal"),
        ("cnn", "fisher", "nystrom"),
        ("lstm", "ggn", "nystrom"),
        ("ctc", "ggn", "none"),
        ("ctc", "ggn", "diagonal"),
    ],
)
def test_at_convergence_the_step_is_the_formula(name, matrix, preconditioner):
    found = case(name)
    M, g, before = dense(found, matrix), gradient(found), flat(found.parameters)
    damping = 0.5 + max(0.0, -float(torch.linalg.eigvalsh(M)[0]))
    monitor = HessianFree(
        found.parameters,
        damping=damping,
        curvature=Curvature(matrix),
        max_iterations=200,
        preconditioner=preconditioner,
    )
    monitor.step(found.closure(matrix))
    step = -torch.linalg.solve(M + damping * torch.eye(len(g), dtype=F64), g)
    torch.testing.assert_close(flat(found.parameters) - before, step, rtol=1e-6, atol=1e-8)
    info = monitor.last_step
    assert info.predicted_reduction == pytest.approx(-float(g @ step + step @ M @ step / 2), rel=1e-6)
    assert info.curvature == pytest.approx(float(step @ M @ step / (step @ step)), rel=1e-5)
    assert 1 < info.iterations < len(g) + 20


def test_groups_have_their_own_rate_and_damping_and_the_prediction_knows():
    H = torch.tensor([[4.0, 1.0], [1.0, 3.0]], dtype=F64)
    x = torch.tensor([1.0], dtype=F64, requires_grad=True)
    y = torch.tensor([2.0], dtype=F64, requires_grad=True)

    def closure():
        z = torch.cat([x, y])
        return z @ H @ z / 2

    groups = [{"params": [x], "lr": 1.0, "damping": 0.2}, {"params": [y], "lr": 0.9, "damping": 0.1}]
    optimizer = HessianFree(groups, damping="lm:1", curvature=Curvature("hessian"))
    g = H @ torch.tensor([1.0, 2.0], dtype=F64)
    step = -torch.tensor([1.0, 0.9], dtype=F64) * torch.linalg.solve(
        H + torch.diag(torch.tensor([0.2, 0.1], dtype=F64)), g
    )
    optimizer.step(closure)
    torch.testing.assert_close(torch.cat([x, y]).detach(), torch.tensor([1.0, 2.0], dtype=F64) + step)
    info = optimizer.last_step
    assert info.predicted_reduction == pytest.approx(-float(g @ step + step @ H @ step / 2))
    assert info.gain_ratio == pytest.approx(1.0)  # the model of a quadratic is the quadratic


def test_rosenbrock_by_levenberg_marquardt():
    x = torch.tensor([-1.2, 1.0], dtype=F64, requires_grad=True)
    optimizer = HessianFree([x], damping="lm:1:3", curvature=Curvature("hessian"))
    losses = [
        float(optimizer.step(lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)) for _ in range(21)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-9


def test_a_saddle_is_left_downhill():
    x = torch.tensor([1.0, 1e-3], dtype=F64, requires_grad=True)
    optimizer = HessianFree([x], damping="lm:0.1", curvature=Curvature("hessian"))
    for _ in range(25):
        loss = optimizer.step(lambda: (x[0] ** 2 - x[1] ** 2) / 2 + x[1] ** 4 / 4)
    assert float(loss) == pytest.approx(-0.25)


def test_least_squares_of_condition_1e8():
    spectrum = torch.logspace(0, -8, 6, dtype=F64)
    truth = torch.ones(6, dtype=F64)
    x = torch.zeros(6, dtype=F64, requires_grad=True)
    optimizer = HessianFree([x], damping=1e-12, curvature=Curvature("hessian"), max_iterations=60)
    for _ in range(3):
        optimizer.step(lambda: (spectrum * (x - truth) ** 2).sum() / 2)
    assert float((x.detach() - truth).norm()) < 1e-3
    start = float((spectrum * truth**2).sum() / 2)
    assert float((spectrum * (x.detach() - truth) ** 2).sum() / 2) < 1e-14 * start


def test_martens_rule_on_a_known_sequence():
    stop, x = MartensStop(), torch.zeros(1)
    # φ_i = −1 + 2⁻ⁱ: the gain of the last ten over φ is below 10·ε = 0.005 first at i = 18.
    stops = [i for i in range(1, 40) if stop(i, x, -1 + 0.5**i)]
    assert stops[0] == 18
    assert [len(stop.values), stop.values[18]] == [40, -1 + 0.5**18]
    gained = [((-1 + 0.5**i) - (-1 + 0.5 ** (i - 10))) / (-1 + 0.5**i) for i in (17, 18)]
    assert gained[0] > 0.005 > gained[1]


def test_martens_rule_needs_a_model_below_zero_and_looks_back_a_tenth():
    stop, x = MartensStop(), torch.zeros(1)
    assert not any(stop(i, x, 1.0) for i in range(1, 30))
    slow = MartensStop(tolerance=1e-3)
    # A gain of 0.1 a step: over k steps 0.1 k against k·ε·|φ|, so the rule waits until |φ| = 100.
    assert [i for i in range(1, 1102) if slow(i, x, -0.1 * i)][:1] == [1001]


def test_the_iterates_that_are_kept_lie_ever_farther_apart():
    stop, x = MartensStop(tolerance=0.0), torch.zeros(1)
    for i in range(1, 31):
        stop(i, x, -float(i))
    assert [-int(value) for _, value in stop.kept] == [1, 2, 3, 4, 5, 7, 9, 11, 14, 18, 24]


def test_backtracking_takes_the_iterate_of_lowest_loss_and_then_shortens():
    # The quadratic model of a ravine that bends: the last iterates are worse than earlier ones.
    x = torch.zeros(12, dtype=F64, requires_grad=True)
    bend = torch.logspace(0, -3, 12, dtype=F64)

    def closure():
        return (bend * (x - 1) ** 2).sum() + 0.05 * (x**2).sum() ** 2

    optimizer = HessianFree([x], damping=1e-6, curvature=Curvature("hessian"))
    seen, plain = [], optimizer._loss_at
    optimizer._loss_at = lambda step, c: (seen.append((plain(step, c), step.clone())), seen[-1][0])[1]
    before = float(optimizer.step(closure))
    losses = [value for value, _ in seen]
    step = x.detach()
    chosen = min(range(len(losses)), key=losses.__getitem__)
    torch.testing.assert_close(step, seen[chosen][1], rtol=0, atol=0)
    assert chosen > 0  # not the last iterate, which is looked at first
    assert losses[chosen] < before
    assert optimizer.last_step.cost == pytest.approx(1 + 2 * optimizer.last_step.products + len(seen) / 3)


def test_where_no_step_lowers_the_loss_nothing_moves():
    x = torch.tensor([1.0], dtype=F64, requires_grad=True)

    def closure():  # the loss is large wherever it is not asked for its gradient
        return x.square().sum() if torch.is_grad_enabled() else x.square().sum() + 100

    optimizer = HessianFree([x], curvature=Curvature("hessian"))
    optimizer.step(closure)
    info = optimizer.last_step
    assert (x.tolist(), info.accepted, info.step_norm) == ([1.0], False, 0.0)
    assert "no step lowers the loss" in info.reason
    assert optimizer.param_groups[0]["damping"] == 1.5


def test_the_warm_start_saves_iterations_and_changes_no_solution():
    spectrum = torch.logspace(0, -3, 40, dtype=F64)
    iterations, places = [], []
    for warm in (0.0, 1.0):
        x = torch.ones(40, dtype=F64, requires_grad=True)
        optimizer = HessianFree(
            [x], lr=1e-6, damping=1e-3, curvature=Curvature("hessian"), max_iterations=200, warm_start=warm
        )
        for _ in range(2):
            optimizer.step(lambda x=x: (spectrum * x**2).sum() / 2)
        iterations.append(optimizer.last_step.iterations)
        places.append(x.detach().clone())
    assert iterations[0] > 15
    assert iterations[1] == 11  # the least that Martens' rule takes
    assert float((places[1] - places[0]).norm()) < 0.05 * float((places[0] - 1).norm())


@pytest.mark.usefixtures("to_convergence")
def test_preconditioners_cut_iterations_where_the_condition_is_bad():
    spectrum = torch.logspace(5, 0, 40, dtype=F64)
    start = torch.randn(40, generator=torch.Generator().manual_seed(0), dtype=F64)
    iterations = {}
    for preconditioner in ("none", "diagonal", "nystrom"):
        x = start.clone().requires_grad_()

        def closure(x=x):
            z = x * 1.0
            return (spectrum * z**2).sum() / 2, z

        optimizer = HessianFree(
            [x], damping=1e-3, max_iterations=300, preconditioner=preconditioner, curvature=Curvature("ggn")
        )
        before = float(optimizer.step(closure))
        iterations[preconditioner] = optimizer.last_step.iterations
        extra = {"none": 0, "diagonal": 4, "nystrom": 10}[preconditioner]
        assert optimizer.last_step.products >= iterations[preconditioner] + extra
        assert float(closure()[0].detach()) < 1e-3 * before
    assert iterations["diagonal"] < iterations["none"] / 2
    assert iterations["nystrom"] < 0.8 * iterations["none"]


def test_the_products_are_those_a_counting_operator_sees(monkeypatch):
    from hnrc_lib.optim.graph_operator import GraphOperator

    columns, plain = [], GraphOperator._matmat
    monkeypatch.setattr(
        GraphOperator, "_matmat", lambda self, block: (columns.append(block.shape[1]), plain(self, block))[1]
    )
    found = case("mlp")
    optimizer = HessianFree(found.parameters, preconditioner="diagonal")
    for _ in range(3):
        columns.clear()
        optimizer.step(found.closure("ggn"))
        assert optimizer.last_step.products == sum(columns) > optimizer.last_step.iterations


def test_damping_rises_and_falls_with_the_gain():
    x, closure = quadratic(torch.eye(2, dtype=F64), torch.ones(2, dtype=F64))
    optimizer = HessianFree([x], damping="lm:1", curvature=Curvature("hessian"))
    optimizer.step(closure)  # the model is exact
    assert optimizer.last_step.gain_ratio == pytest.approx(1.0)
    assert optimizer.param_groups[0]["damping"] == pytest.approx(1 / 1.5)
    y = torch.tensor([0.0], dtype=F64, requires_grad=True)
    bad = HessianFree([y], damping="lm:0.01", curvature=Curvature("hessian"))
    bad.step(lambda: (-y + y.pow(2) / 2 + 3 * torch.relu(y - 0.4)).sum())  # a wall that the model cannot see
    assert bad.last_step.gain_ratio < 0.25 or not bad.last_step.accepted
    assert bad.param_groups[0]["damping"] == pytest.approx(0.015)


def test_a_vanishing_gradient_is_no_error():
    for scale in (0.0, 1e-18, 1e-30):
        x = torch.ones(3, requires_grad=True)
        optimizer = HessianFree([x], damping=1e-3, curvature=Curvature("hessian"))
        for _ in range(2):
            optimizer.step(lambda x=x, scale=scale: scale * (x**2).sum())
        assert bool(torch.isfinite(x).all())


def test_an_indefinite_output_matrix_is_refused_by_the_nystrom_preconditioner():
    x = torch.ones(3, dtype=F64, requires_grad=True)

    def closure():
        z = x * 1.0
        return z[0] ** 2 - z[1] ** 2, z

    with pytest.raises(ValueError, match="A must be positive semi-definite"):
        HessianFree([x], preconditioner="nystrom").step(closure)
    assert x.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iterations": 0}, "max_iterations must be at least 1, got 0"),
        ({"warm_start": 1.5}, r"warm_start must lie in \[0, 1\], got 1.5"),
        ({"preconditioner": "magic"}, "preconditioner must be one of none, diagonal, nystrom, got 'magic'"),
        (
            {"preconditioner": "nystrom", "curvature": Curvature("hessian")},
            "preconditioner 'nystrom' needs matrix 'ggn' or 'fisher', got 'hessian'",
        ),
        ({"curvature": Curvature(refresh=2)}, "curvature.refresh must be 1 for HessianFree, got 2"),
    ],
)
def test_arguments_out_of_range_are_refused(monkeypatch, options, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        HessianFree([torch.ones(1, requires_grad=True)], **options)


def test_the_step_past_negative_curvature_goes_downhill():
    from hnrc_lib.linalg.conjugate_gradient import conjugate_gradient
    from hnrc_lib.optim.hessian_free import _past_negative_curvature

    A = DenseOperator(torch.diag(torch.tensor([2.0, -1.0, 1.0], dtype=F64)))
    b = torch.tensor([1.0, 2.0, 0.1], dtype=F64)
    found = conjugate_gradient(A, b)
    assert found.reason == "negative_curvature"
    solution, reason = _past_negative_curvature(found, A, b)
    assert reason == "negative curvature turned around"

    def model(x):
        return float(x @ (A @ x) / 2 - b @ x)

    assert model(solution) < model(found.solution)
