import pytest
import torch

from hnrc_lib.optim.clipping import (
    ClipByGlobalNorm,
    ClipByQuantile,
    ClipReport,
    clip_gradients,
    clip_steps,
    make_clipping,
)
from tests.optim.optimisers import FIRST_ORDER, Descent, Problem, same, third_party

SPECS = ["norm:0.5", "value:0.05", "layer:0.3", "adaptive:0.1", "quantile:0.5", "rank-one:0.5", "root:0.5"]
OPTIMISERS = FIRST_ORDER | {"Lion": third_party}
# Every rule on two optimisers, every optimiser with two rules.
PAIRS = [(name, spec) for name in ("SGD", "Adam") for spec in SPECS]
PAIRS += [(name, spec) for name in OPTIMISERS for spec in SPECS[:2] if name not in ("SGD", "Adam")]


def run(problem, optimizer, before_step=lambda: None, after_step=lambda _: None, steps=4):
    for _ in range(steps):
        problem.scale *= 2  # else gradients fall, and a quantile of them clips nothing
        old = problem.values()
        problem.backward()
        before_step()
        optimizer.step()
        after_step(old)


@pytest.mark.parametrize(("name", "spec"), PAIRS)
def test_gradients_as_if_clipped_by_hand(name, spec):
    attached, by_hand = Problem(), Problem()
    optimizers = [OPTIMISERS[name](problem.parameters) for problem in (attached, by_hand)]
    handle, rule = clip_gradients(optimizers[0], make_clipping(spec)), make_clipping(spec)
    run(attached, optimizers[0])
    reports = []

    def clip():
        reports.append(rule([p.grad for p in by_hand.parameters], by_hand.parameters))

    run(by_hand, optimizers[1], before_step=clip)
    same(attached.values(), by_hand.values())
    assert handle.last_report == reports[-1]
    assert any(report.clipped for report in reports)


@pytest.mark.parametrize(("name", "spec"), PAIRS)
def test_steps_as_if_clipped_by_hand(name, spec):
    attached, by_hand = Problem(), Problem()
    optimizers = [OPTIMISERS[name](problem.parameters) for problem in (attached, by_hand)]
    handle, rule = clip_steps(optimizers[0], make_clipping(spec)), make_clipping(spec)
    run(attached, optimizers[0])
    reports = []

    def clip(old):
        steps = [p.detach() - kept for p, kept in zip(by_hand.parameters, old, strict=True)]
        reports.append(rule(steps, old))
        with torch.no_grad():
            for parameter, kept, step in zip(by_hand.parameters, old, steps, strict=True):
                parameter.copy_(kept + step)

    run(by_hand, optimizers[1], after_step=clip)
    same(attached.values(), by_hand.values(), rtol=1e-12, atol=1e-14)
    assert handle.last_report.norm_after == pytest.approx(reports[-1].norm_after, rel=1e-9)


@pytest.mark.parametrize("attach", [clip_gradients, clip_steps])
def test_optimisers_that_make_their_own_gradient(attach):
    problem, plain = Problem(), Problem()
    optimizer = Descent(problem.parameters, lr=0.1)
    handle = attach(optimizer, ClipByGlobalNorm(0.01))
    gradient = plain.gradient()
    length = float(torch.cat([part.reshape(-1) for part in gradient]).norm())
    optimizer.step(problem.loss)
    size = 0.001 if attach is clip_gradients else 0.01
    expected = [value - size * part / length for value, part in zip(plain.values(), gradient, strict=True)]
    same(problem.values(), expected, rtol=1e-12, atol=1e-14)
    assert handle.last_report.norm_before == pytest.approx(
        length if attach is clip_gradients else 0.1 * length
    )
    handle.remove()
    assert (optimizer.gradient_transforms, optimizer.step_transforms) == ([], [])


def test_adam_undoes_a_rescaling_of_gradients_but_not_a_bound_on_steps():
    lengths = {}
    for attach in (clip_gradients, clip_steps, None):
        problem = Problem(scale=1e6)
        optimizer = torch.optim.Adam(problem.parameters, lr=0.1, eps=0.0)
        if attach:
            attach(optimizer, ClipByGlobalNorm(0.01))
        before = problem.values()
        run(problem, optimizer, steps=1)
        moved = [new - old for new, old in zip(problem.values(), before, strict=True)]
        lengths[attach] = float(torch.cat([part.reshape(-1) for part in moved]).norm())
    assert lengths[clip_gradients] == pytest.approx(lengths[None], rel=1e-6)
    assert lengths[clip_steps] == pytest.approx(0.01, rel=1e-9)
    assert lengths[None] > 0.1


def test_lbfgs_clips_gradients_of_its_closure_and_its_whole_step():
    problem = Problem(scale=100.0)
    optimizer = torch.optim.LBFGS(problem.parameters, max_iter=5)
    gradients, steps = (
        clip_gradients(optimizer, ClipByGlobalNorm(0.1)),
        clip_steps(optimizer, ClipByGlobalNorm(0.2)),
    )
    before = problem.values()
    optimizer.step(problem.backward)
    moved = torch.cat([(new - old).reshape(-1) for new, old in zip(problem.values(), before, strict=True)])
    assert gradients.last_report.clipped
    assert steps.last_report.clipped
    assert float(moved.norm()) == pytest.approx(0.2, rel=1e-9)


def test_groups_are_clipped_as_one():
    problem = Problem()
    groups = [{"params": [problem.weight], "lr": 1.0}, {"params": [problem.bias], "lr": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    handle = clip_gradients(optimizer, ClipByGlobalNorm(0.01))
    gradient, before = problem.gradient(), problem.values()
    problem.backward()
    optimizer.step()
    length = float(torch.cat([part.reshape(-1) for part in gradient]).norm())
    expected = [
        value - rate * 0.01 * part / length
        for value, part, rate in zip(before, gradient, (1.0, 0.5), strict=True)
    ]
    same(problem.values(), expected, rtol=1e-12, atol=1e-14)
    assert handle.last_report.norm_before == pytest.approx(length)


def test_before_and_after():
    problem, plain = Problem(), Problem()
    optimizers = [torch.optim.SGD(p.parameters, lr=0.1) for p in (problem, plain)]
    handles = [
        clip_gradients(optimizers[0], ClipByGlobalNorm(1e-3)),
        clip_steps(optimizers[0], ClipByGlobalNorm(1e-3)),
    ]
    assert [handle.last_report for handle in handles] == [None, None]
    for handle in handles:
        handle.remove()
    run(problem, optimizers[0])
    run(plain, optimizers[1])
    same(problem.values(), plain.values())
    assert [handle.last_report for handle in handles] == [None, None]


def test_a_gradient_that_is_not_finite_reaches_the_optimiser():
    problem = Problem()
    optimizer = torch.optim.SGD(problem.parameters, lr=0.1)
    handles = clip_gradients(optimizer, ClipByGlobalNorm(1.0)), clip_steps(optimizer, ClipByGlobalNorm(1.0))
    problem.backward()
    problem.bias.grad[0] = float("nan")
    expected = [p.detach() - 0.1 * p.grad for p in problem.parameters]
    optimizer.step()
    for value, wanted in zip(problem.values(), expected, strict=True):
        torch.testing.assert_close(value, wanted, rtol=1e-14, atol=1e-15, equal_nan=True)
    assert [handle.last_report.clipped for handle in handles] == [False, False]


def test_sparse_gradients_are_refused_and_their_steps_are_not():
    table = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = torch.optim.SGD(table.parameters(), lr=1.0)
    handle = clip_gradients(optimizer, ClipByGlobalNorm(1.0))
    table(torch.tensor([1, 1])).sum().backward()
    with pytest.raises(TypeError, match=r"must be dense, got .* \(5, 2\): an embedding with sparse=True"):
        optimizer.step()
    handle.remove()
    steps = clip_steps(optimizer, ClipByGlobalNorm(1.0))
    optimizer.step()
    assert steps.last_report.norm_before == pytest.approx(8**0.5, rel=1e-6)
    assert steps.last_report.norm_after == pytest.approx(1, rel=1e-6)


def test_any_function_is_a_rule():
    problem, seen = Problem(), []
    report = ClipReport(1.0, 1.0, 0.0, 0.0, False)

    def rule(parts, parameters):
        seen.append([part.shape for part in parts])
        return report

    optimizer = torch.optim.SGD(problem.parameters, lr=0.1)
    handle = clip_gradients(optimizer, rule)
    run(problem, optimizer, steps=1)
    assert seen == [[problem.weight.shape, problem.bias.shape]]
    assert handle.last_report is report


def test_a_run_with_a_quantile_resumes_to_the_bit():
    whole, halves = Problem(), Problem()
    optimizer = torch.optim.SGD(whole.parameters, lr=0.1)
    clip_gradients(optimizer, ClipByQuantile(0.2))
    run(whole, optimizer, steps=8)
    state = {}
    for _ in range(2):
        rule = ClipByQuantile(0.2)
        if state:
            rule.load_state_dict(state)
        optimizer = torch.optim.SGD(halves.parameters, lr=0.1)
        handle = clip_gradients(optimizer, rule)
        run(halves, optimizer, steps=4)
        state = handle.rule.state_dict()
    same(whole.values(), halves.values())


def test_hessians_by_double_backward_still_pass():
    problem = Problem()
    optimizer = third_party(problem.parameters, "AdaHessian")
    handle = clip_gradients(optimizer, ClipByGlobalNorm(1e-3))
    before = problem.values()
    with pytest.warns(UserWarning, match="create_graph=True"):
        problem.loss().backward(create_graph=True)
    optimizer.step()
    assert handle.last_report.clipped
    assert all(torch.isfinite(value).all() for value in problem.values())
    assert not torch.equal(before[0], problem.weight)
