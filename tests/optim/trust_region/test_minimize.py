"""Beside scipy's trust-region solvers: Rosenbrock as in their tests, and five well-known problems."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from hnrc_lib.linalg import DenseOperator
from hnrc_lib.optim.trust_region import (
    ExactSubproblem,
    RadiusRule,
    SteihaugSubproblem,
    trust_region_minimize,
)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def beale(x):
    a, b = x
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


def goldstein_price(x):
    a, b = x
    left = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    right = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    return left * right


def six_hump_camel(x):
    a, b = x
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + 4 * (b**2 - 1) * b**2


def himmelblau(x):
    a, b = x
    return (a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2


def powell_singular(x):
    a, b, c, d = x
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


PROBLEMS = {
    "Rosenbrock, hard start": (rosenbrock, [-1.2, 1.0]),
    "Rosenbrock, easy start": (rosenbrock, [2.0, 2.0]),
    "Beale": (beale, [1.0, 1.0]),
    "Goldstein-Price": (goldstein_price, [-0.5, 0.25]),
    "six-hump camel": (six_hump_camel, [0.5, 0.5]),
    "Himmelblau": (himmelblau, [0.0, 0.0]),
    "Powell singular": (powell_singular, [3.0, -1.0, 0.0, 1.0]),
}
GTOL = 1e-5
SOLVERS = {"exact": ExactSubproblem, "steihaug": SteihaugSubproblem}


def ours(function, start, **options):
    at = {"x": torch.tensor(start, dtype=torch.float64)}
    return trust_region_minimize(lambda p: function(p["x"]), at, **options)


def scipys(function, start, method):
    def derivatives(x):
        at = torch.from_numpy(x).requires_grad_()
        (gradient,) = torch.autograd.grad(function(at), at, create_graph=True)
        return at, gradient

    def gradient(x):
        return derivatives(x)[1].detach().numpy()

    def hessian(x):
        at, gradient = derivatives(x)
        rows = [torch.autograd.grad(part, at, retain_graph=True)[0] for part in gradient]
        return torch.stack(rows).numpy()

    return minimize(
        lambda x: function(torch.from_numpy(x)).item(),
        np.array(start),
        jac=gradient,
        hess=hessian,
        method=method,
        options={"gtol": GTOL},
    )


@pytest.mark.parametrize("name", PROBLEMS)
def test_as_few_steps_as_scipys_solvers(name):
    function, start = PROBLEMS[name]
    theirs = {
        method: scipys(function, start, method) for method in ("trust-exact", "trust-ncg", "trust-krylov")
    }
    found = {key: ours(function, start, subproblem=solver, gtol=GTOL) for key, solver in SOLVERS.items()}
    print(  # shown by pytest -s
        f"\n{name:24}", *(f"{key} {result.num_steps:4}" for key, result in found.items()), "|",
        *(f"{method} {result.nit:4}" for method, result in theirs.items()),
    )  # fmt: skip
    assert found["exact"].num_steps <= 1.5 * theirs["trust-exact"].nit + 5
    assert found["exact"].num_steps <= 1.5 * theirs["trust-krylov"].nit + 5
    assert found["steihaug"].num_steps <= 1.5 * theirs["trust-ncg"].nit + 5
    for key, method in (("exact", "trust-exact"), ("steihaug", "trust-ncg")):
        assert found[key].reason == "converged"
        assert found[key].gradient_norm <= GTOL
        assert found[key].value <= theirs[method].fun + 1e-8


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_no_accepted_step_raises_the_loss(solver):
    result = ours(rosenbrock, [-1.2, 1.0], subproblem=solver)
    rounding = 10 * torch.finfo(torch.float64).eps
    accepted = [info for info in result.steps if info.accepted]
    assert len(accepted) < len(result.steps)  # some step was refused
    assert all(info.actual_reduction >= -rounding * abs(info.loss) for info in accepted)
    values = [info.loss for info in result.steps]
    assert all(b == pytest.approx(a - i.actual_reduction * i.accepted) for a, b, i in zip(
        values, [*values[1:], result.value], result.steps, strict=True
    ))  # fmt: skip


def double_well(x):
    """Minima at (±1, 0), a saddle at 0."""
    return x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2 / 2


def test_the_exact_solver_leaves_the_very_point_of_a_saddle():
    result = ours(double_well, [0.0, 0.0])
    assert result.reason == "converged"
    assert result.params["x"].abs().tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert result.steps[0].damping == 1.0  # −h_min
    assert result.num_steps <= 10


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_next_to_a_saddle_both_solvers_leave_it(solver):
    result = ours(double_well, [1e-5, 1.0], subproblem=solver)
    assert result.params["x"].tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert result.num_steps <= 15


def test_from_products_alone_a_saddle_without_slope_cannot_be_told():
    result = ours(double_well, [0.0, 0.0], subproblem=SteihaugSubproblem)
    assert (result.reason, result.num_steps) == ("converged", 0)


def least_squares(condition, size=12):
    """A with singular values down to 1/condition, and b with the solution (1, …, 1) and no residual."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(2, 2 * size, size, generator=generator, dtype=torch.float64)
    left, right = torch.linalg.qr(a[0]).Q, torch.linalg.qr(a[1][:size]).Q
    A = left @ torch.diag(torch.logspace(0, -math.log10(condition), size, dtype=torch.float64)) @ right
    return A, A @ torch.ones(size, dtype=torch.float64)


@pytest.mark.parametrize(("solver", "most"), [("exact", 5), ("steihaug", 60)])
def test_least_squares_of_condition_1e8(solver, most):
    """The Hessian's condition is 10⁸: eight digits of sixteen are left, and found."""
    A, b = least_squares(1e4)
    result = ours(
        lambda x: ((A @ x - b) ** 2).sum() / 2,
        [0.0] * 12,
        subproblem=SOLVERS[solver],
        radius=10.0,
        gtol=1e-13,
        max_steps=most,
    )
    assert result.reason in ("converged", "no_progress")
    assert float((result.params["x"] - 1).abs().max()) < 1e-4
    assert result.value < 1e-20


def test_least_squares_whose_normal_equations_have_condition_1e16():
    """Below rounding, directions are left alone instead of being followed to infinity."""
    A, b = least_squares(1e8)
    result = ours(lambda x: ((A @ x - b) ** 2).sum() / 2, [0.0] * 12, radius=10.0, gtol=1e-12)
    assert result.reason in ("converged", "no_progress")
    assert result.value < 1e-14
    assert float(result.params["x"].norm()) < 10


def test_a_step_out_of_the_domain_is_refused():
    result = ours(lambda x: (x - x.log()).sum(), [0.05, 30.0], radius=100.0)
    assert result.reason == "converged"
    torch.testing.assert_close(result.params["x"], torch.ones(2, dtype=torch.float64))
    refused = [info for info in result.steps if not info.accepted]
    assert any(math.isnan(info.actual_reduction) for info in refused)
    assert all(info.step_norm == 0 for info in refused)


def test_a_point_without_a_gradient_is_refused():
    """√x⁴ has the value 0 at 0, where Newton's step leads, and no derivative that autograd can find."""
    result = ours(lambda x: (x**4).sqrt().sum(), [1.0], radius=2.0, gtol=1e-3)
    assert (result.steps[0].actual_reduction, result.steps[0].accepted) == (1.0, False)
    assert result.reason == "converged"
    assert 0 < abs(result.params["x"].item()) < 1e-3


def test_it_ends_where_a_step_no_longer_changes_the_parameters():
    result = ours(lambda x: x.cos().sum(), [3.0], gtol=0.0)
    assert result.reason == "no_progress"
    assert result.params["x"].item() == math.pi


@pytest.mark.parametrize("most", [0, 3])
def test_it_ends_when_it_may_go_no_further(most):
    result = ours(rosenbrock, [-1.2, 1.0], max_steps=most)
    assert (result.reason, result.num_steps) == ("max_steps", most)


def test_parameters_of_any_shape_come_back_as_they_were_given():
    target = {"w": torch.arange(6.0).reshape(2, 3).double(), "b": torch.tensor(-2.0).double()}
    start = {name: torch.zeros_like(value) for name, value in target.items()}
    result = trust_region_minimize(
        lambda p: ((p["w"] - target["w"]) ** 2).sum() + (p["b"] - target["b"]) ** 2, start, radius=50.0
    )
    for name, value in target.items():
        torch.testing.assert_close(result.params[name], value)
        assert not start[name].any()
    (info,) = result.steps
    assert (info.products, info.accepted, info.reason, info.damping) == (7, True, "interior", 0.0)
    assert info.cost == pytest.approx(2 * 7 + 4 / 3)
    assert info.gain_ratio == pytest.approx(1.0)
    assert result.gradient_norm < 1e-6


def test_a_solver_of_ones_own_serves():
    """Curvature can be replaced: here by the identity, which makes it gradient descent with a radius."""
    result = ours(
        double_well,
        [0.5, 0.5],
        subproblem=lambda hessian, gradient: SteihaugSubproblem(
            DenseOperator(torch.eye(2, dtype=torch.float64)), gradient
        ),
    )
    assert result.reason == "converged"
    assert result.params["x"].tolist() == pytest.approx([1.0, 0.0], abs=1e-5)


def test_the_rule_of_the_radius():
    rule = RadiusRule(maximum=3.0)
    assert rule.update(2.0, 0.2, on_boundary=True) == 0.5
    assert rule.update(2.0, math.nan, on_boundary=False) == 0.5
    assert rule.update(2.0, -math.inf, on_boundary=False) == 0.5
    assert rule.update(2.0, 0.25, on_boundary=True) == 2.0
    assert rule.update(2.0, 0.75, on_boundary=True) == 2.0
    assert rule.update(2.0, 0.9, on_boundary=False) == 2.0
    assert rule.update(2.0, 0.9, on_boundary=True) == 3.0
    assert [rule.accepts(gain) for gain in (-1.0, 0.15, 0.16, math.nan)] == [False, False, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": 0.0}, "radius must be positive and finite, got 0"),
        ({"radius": 2000.0}, r"radius must be at most radius_rule.maximum, 1000.0, got 2000"),
        ({"gtol": -1.0}, "gtol must be finite and not negative, got -1"),
        ({"max_steps": -1}, "max_steps must be at least 0, got -1"),
    ],
)
def test_what_makes_no_search_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ours(rosenbrock, [1.0, 2.0], **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RadiusRule(maximum=0.0), "maximum must be positive and finite, got 0"),
        (lambda: RadiusRule(acceptance=0.25), r"acceptance must lie in \[0, 0.25\), got 0.25"),
    ],
)
def test_a_rule_that_could_not_work_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
