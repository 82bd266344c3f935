import jaxtyping
import pytest
import torch
from closures import case, dense, flat, gradient, quadratic

from hnrc_lib.optim import Curvature, DampedNewton

F64 = torch.float64


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        *((name, matrix) for name in ("mlp", "cnn") for matrix in ("hessian", "ggn", "fisher")),
        *(("lstm", "hessian"), ("ctc", "hessian"), ("ctc", "ggn"), ("ctc", "fisher")),
    ],
)
def test_the_step_is_the_formula(name, matrix):
    found = case(name)
    M, g, before = dense(found, matrix), gradient(found), flat(found.parameters)
    damping = 0.3 + max(0.0, -float(torch.linalg.eigvalsh(M)[0]))
    optimizer = DampedNewton(found.parameters, lr=0.5, damping=damping, curvature=Curvature(matrix))
    optimizer.step(found.closure(matrix))
    wanted = -0.5 * torch.linalg.solve(M + damping * torch.eye(len(g), dtype=F64), g)
    torch.testing.assert_close(flat(found.parameters) - before, wanted, rtol=1e-6, atol=1e-9)
    info = optimizer.last_step
    assert (info.products, info.iterations, info.reason) == (len(g), 0, None)
    assert info.predicted_reduction == pytest.approx(-float(g @ wanted + wanted @ M @ wanted / 2))
    assert info.curvature == pytest.approx(float(wanted @ M @ wanted / (wanted @ wanted)))
    assert info.gradient_norm == pytest.approx(float(g.norm()))
    assert info.step_norm == pytest.approx(float(wanted.norm()))
    assert info.cost == pytest.approx(1 + len(g) * (2 if matrix == "hessian" else 4 / 3))


def test_groups_have_their_own_rate_damping_and_decay():
    found = case("mlp")
    M, g, before = dense(found, "ggn"), gradient(found), flat(found.parameters)
    first, second = found.parameters[:2], found.parameters[2:]
    groups = [
        {"params": first, "lr": 0.5, "damping": 2.0, "weight_decay": 0.1},
        {"params": second, "lr": 0.25},
    ]
    DampedNewton(groups, damping=0.3, curvature=Curvature("ggn")).step(found.closure("ggn"))
    size = len(flat(first))
    lr, damping, decay = torch.full_like(g, 0.25), torch.full_like(g, 0.3), torch.zeros_like(g)
    lr[:size], damping[:size], decay[:size] = 0.5, 2.0, 0.1
    wanted = before - lr * decay * before - lr * torch.linalg.solve(M + torch.diag(damping), g)
    torch.testing.assert_close(flat(found.parameters), wanted, rtol=1e-7, atol=1e-10)


def test_one_step_solves_a_quadratic_and_condition_1e8_least_squares():
    generator = torch.Generator().manual_seed(0)
    left = torch.linalg.qr(torch.randn(30, 8, generator=generator, dtype=F64))[0]
    right = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=F64))[0]
    A = left @ torch.diag(torch.logspace(0, -4, 8, dtype=F64)) @ right.mT  # AᵀA has condition 1e8
    truth = torch.randn(8, generator=generator, dtype=F64)
    x = torch.zeros(8, dtype=F64, requires_grad=True)
    optimizer = DampedNewton([x], damping=0.0, curvature=Curvature("hessian"))
    for _ in range(2):
        optimizer.step(lambda: (A @ x - A @ truth).square().sum() / 2)
    # Forward error of a backward stable solve: condition times rounding.
    assert float((x.detach() - truth).norm() / truth.norm()) < 1e8 * 8 * torch.finfo(F64).eps


def test_rosenbrock_by_levenberg_marquardt():
    x = torch.tensor([-1.2, 1.0], dtype=F64, requires_grad=True)
    optimizer = DampedNewton([x], damping="lm:1:3", curvature=Curvature("hessian"))
    losses = [
        float(optimizer.step(lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)) for _ in range(60)
    ]
    assert min(losses[:5]) > 1e-2  # it has to walk the valley
    assert losses[-1] < 1e-16
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("rule", ["raise_damping", "absolute_eigenvalues"])
def test_a_saddle_is_left_downhill(rule):
    x = torch.tensor([1.0, 1e-3], dtype=F64, requires_grad=True)
    optimizer = DampedNewton(
        [x], damping="lm:0.1", curvature=Curvature("hessian"), not_positive_definite=rule
    )
    for _ in range(50):
        loss = optimizer.step(lambda: (x[0] ** 2 - x[1] ** 2) / 2 + x[1] ** 4 / 4)
    assert float(loss) == pytest.approx(-0.25)  # the minimum at (0, 1); Newton would stay at the saddle


def test_refuse_gives_no_step():
    x, closure = quadratic(torch.diag(torch.tensor([1.0, -1.0], dtype=F64)), torch.ones(2, dtype=F64))
    optimizer = DampedNewton([x], damping=0.0, curvature=Curvature("hessian"), not_positive_definite="refuse")
    optimizer.step(closure)
    assert x.tolist() == [1.0, 1.0]
    assert "not positive definite" in optimizer.last_step.reason


def test_the_matrix_is_kept_between_refreshes():
    x = torch.tensor([1.0], dtype=F64, requires_grad=True)
    optimizer = DampedNewton([x], damping=0.5, curvature=Curvature("hessian", refresh=2))
    for curvature, products in ((3.0, 1), (3.0, 0)):
        start = float(x.detach())
        optimizer.step(lambda: x.pow(4).sum() / 4)
        assert float(x.detach()) == pytest.approx(start - start**3 / (curvature + 0.5))
        assert optimizer.last_step.products == products


def test_an_unknown_rule_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"not_positive_definite must be one of refuse, .* got 'hope'"):
        DampedNewton([torch.ones(1, requires_grad=True)], not_positive_definite="hope")
