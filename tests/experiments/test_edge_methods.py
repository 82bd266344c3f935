import pytest
import torch
from torch import nn

from hnrc_lib.experiments.edge_methods import METHODS, PreconditionedOperator, Settings, make_descent
from hnrc_lib.linalg.operators import DenseOperator

CURVATURES = torch.tensor([6.0, 3.0, 1.0], dtype=torch.float64)


class _Point(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))


def _step(point, descent, method):
    def closure():
        outputs = point.x.unsqueeze(0)
        loss = 0.5 * (CURVATURES * outputs[0] ** 2).sum()
        if method == "damped":
            return loss, outputs
        descent.optimizer.zero_grad()
        loss.backward()
        return loss

    return float(descent.optimizer.step(closure).detach())


@pytest.mark.parametrize("method", METHODS)
def test_the_step_is_minus_the_rate_times_the_inverse_times_the_gradient(method):
    rate, point = 0.1, _Point()
    before = point.x.detach().clone()
    descent = make_descent(method, point, rate, Settings(clip=2.0, rank=1))
    _step(point, descent, method)
    root = torch.eye(3, dtype=torch.float64)
    if descent.root is not None:
        root = descent.root()(root)
    first = 0.1 if method == "adam" else 1.0  # m = (1 − β₁)g in the first step
    torch.testing.assert_close(point.x.detach(), before - rate * first * root @ root @ (CURVATURES * before))


@pytest.mark.parametrize(
    ("method", "limit"), [("descent", 2.0), ("momentum", 3.0), ("clipped", 2.0), ("damped", 2.0)]
)
@pytest.mark.parametrize(("share", "stable"), [(0.95, True), (1.05, False)])
def test_below_its_limit_a_method_contracts_on_a_quadratic_and_above_it_grows(method, limit, share, stable):
    rate = share * limit / 6
    settings = Settings(momentum=0.5, clip=1e9, rank=1)
    point = _Point()
    descent = make_descent(method, point, rate, settings)
    assert descent.limit == pytest.approx(limit / rate)
    losses = [_step(point, descent, method) for _ in range(300)]
    # The damped step keeps the steepest axis, and the next, of half the curvature, is far below the limit.
    assert (losses[-1] < 1e-6 * losses[0]) == (stable or method == "damped")


def test_the_preconditioned_operator_has_the_eigenvalues_of_the_product():
    generator = torch.Generator().manual_seed(0)
    H, B = (torch.randn(5, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    H, B = H + H.mT, B @ B.mT + torch.eye(5, dtype=torch.float64)
    found = PreconditionedOperator(DenseOperator(H), lambda block: B @ block).to_dense()
    expected = torch.linalg.eigvals(B @ B @ H).real.sort().values
    torch.testing.assert_close(torch.linalg.eigvalsh(found), expected)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"method must be one of .*, got 'newton'"):
        make_descent("newton", _Point(), 0.1, Settings())
