import copy

import pytest
import torch

from hnrc_lib.optim.attachment import (
    Attachment,
    attach_after_step,
    attach_to_gradient,
    attach_to_step,
    hooked_optimizer,
)
from tests.optim.optimisers import Descent, Problem, same, third_party


def halve(parts, _):
    for part in parts:
        part.mul_(0.5)


class Calling(torch.optim.SGD):
    """Its step calls its parent's, which torch wraps as well."""

    def step(self, closure=None):
        return super().step(closure)


@pytest.mark.parametrize("closure", [False, True])
@pytest.mark.parametrize("attach", [attach_to_gradient, attach_to_step])
def test_a_step_that_calls_its_parents_is_one_step(attach, closure):
    problem, plain = Problem(), Problem()
    optimizer = Calling(problem.parameters, lr=0.1)
    torch.optim.SGD(plain.parameters, lr=0.05).step(plain.backward)
    attach(optimizer, halve)
    if closure:
        optimizer.step(problem.backward)
    else:
        problem.backward()
        optimizer.step()
    same(problem.values(), plain.values(), rtol=1e-14, atol=1e-15)


def test_a_third_partys_step_that_calls_its_parents_is_one_step():
    def groups(problem):
        return [{"params": [p], "use_muon": p.ndim > 1} for p in problem.parameters]

    third_party(groups(Problem()), "Muon")  # torch wraps the parent's step when one of these is made
    problems, calls = (Problem(), Problem()), []
    clip, plain = (third_party(groups(problem), "MuonClip") for problem in problems)
    attach_to_step(clip, lambda parts, _: calls.append(len(parts)))
    attach_to_gradient(clip, lambda parts, _: calls.append(len(parts)))
    for problem, optimizer in zip(problems, (clip, plain), strict=True):
        problem.backward()
        optimizer.step()
    assert calls == [2, 2]
    same(problems[0].values(), problems[1].values())


def test_a_step_that_raised_leaves_no_trace():
    problem, plain = Problem(), Problem()
    optimizer, reference = Calling(problem.parameters, lr=0.1), torch.optim.SGD(plain.parameters, lr=0.05)
    attach_to_step(optimizer, halve)

    def broken():
        raise ArithmeticError("no loss")

    with pytest.raises(ArithmeticError, match="no loss"):
        optimizer.step(broken)
    for one, at in ((optimizer, problem), (reference, plain)):
        one.step(at.backward)
    same(problem.values(), plain.values(), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("keyword", [False, True])
def test_every_gradient_of_a_closure_is_changed(keyword):
    problem, seen = Problem(), []
    optimizer = torch.optim.LBFGS(problem.parameters, lr=0.1, max_iter=4)

    def closure():
        loss = problem.backward()
        seen.append(float(problem.weight.grad.norm()))
        return loss

    changed = []
    attach_to_gradient(optimizer, lambda parts, _: changed.append(float(parts[0].norm())))
    loss = optimizer.step(closure=closure) if keyword else optimizer.step(closure)
    assert len(seen) > 2
    assert changed == seen
    assert torch.equal(loss, Problem().loss())


def test_parameters_without_gradient_are_left_out_of_gradients_and_in_steps():
    problem = Problem()
    optimizer, seen = torch.optim.SGD(problem.parameters, lr=0.1), []
    attach_to_gradient(optimizer, lambda parts, parameters: seen.append((len(parts), parameters)))
    attach_to_step(optimizer, lambda steps, old: seen.append((len(steps), float(steps[1].norm()))))
    problem.backward()
    problem.bias.grad = None
    optimizer.step()
    assert (seen[0][0], len(seen[0][1])) == (1, 1)
    assert seen[0][1][0] is problem.weight
    assert seen[1] == (2, 0.0)


def test_the_order_of_attachment_is_the_order_of_work():
    problem, order = Problem(), []
    optimizer = Descent(problem.parameters)
    sgd = torch.optim.SGD(problem.parameters, lr=0.1)
    for at in (optimizer, sgd):
        for name in ("first", "second"):
            attach_to_gradient(at, lambda parts, _, name=name: order.append(name))
    optimizer.step(problem.loss)
    problem.backward()
    sgd.step()
    assert order == ["first", "second"] * 2


def test_groups_that_come_later_are_seen():
    problem, seen = Problem(), []
    optimizer = torch.optim.SGD([problem.weight], lr=0.1)
    attach_to_gradient(optimizer, lambda parts, _: seen.append(len(parts)))
    attach_after_step(optimizer, lambda _, old: seen.append(len(old)))
    optimizer.add_param_group({"params": [problem.bias]})
    problem.backward()
    optimizer.step()
    assert seen == [2, 2]


def test_what_a_transform_leaves_alone_keeps_the_optimisers_bits():
    """θ + (θ' − θ) is not θ' to the bit in every entry."""
    start, gradient = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    weight, plain = (torch.nn.Parameter(start.clone()) for _ in range(2))

    def last_only(steps, _):
        steps[0][-1].zero_()

    optimizer = torch.optim.SGD([weight], lr=0.1)
    attach_to_step(optimizer, last_only)
    for parameter, one in ((weight, optimizer), (plain, torch.optim.SGD([plain], lr=0.1))):
        parameter.grad = gradient.clone()
        one.step()
    assert not torch.equal((start + (plain - start))[:-1], plain[:-1])
    assert torch.equal(weight[:-1], plain[:-1])
    assert weight[-1] == start[-1]


def test_a_refused_step_is_none():
    problem, calls = Problem(), []
    optimizer = Descent(problem.parameters)
    attach_after_step(optimizer, lambda *_: calls.append(1))
    optimizer.step(problem.loss)
    optimizer.refuse = True
    optimizer.step(problem.loss)
    assert calls == [1]


def test_an_overflow_of_scaled_gradients_is_no_step():
    problem, calls = Problem(dtype=torch.float32), []
    optimizer = torch.optim.SGD(problem.parameters, lr=0.1, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    attach_after_step(optimizer, lambda *_: calls.append(1))
    for factor in (1.0, float("inf"), 1.0):
        optimizer.zero_grad()
        scaler.scale(problem.loss() * factor).backward()
        scaler.step(optimizer)
        scaler.update()
    assert calls == [1, 1]


def test_scaled_gradients_are_refused_until_unscaled():
    problem, seen = Problem(dtype=torch.float32), []
    optimizer = torch.optim.SGD(problem.parameters, lr=0.1, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    attach_to_gradient(optimizer, lambda parts, _: seen.append(parts[0].clone()))
    expected = problem.gradient()[0]
    scaler.scale(problem.loss()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    torch.testing.assert_close(seen, [expected])
    scaler.update()
    optimizer.zero_grad()
    scaler.scale(problem.loss()).backward()
    with pytest.raises(RuntimeError, match=r"must be unscaled .*call scaler.unscale_\(optimizer\)"):
        scaler.step(optimizer)
    assert len(seen) == 1


def test_an_optimiser_that_is_not_fused_gets_unscaled_gradients():
    problem, seen = Problem(dtype=torch.float32), []
    optimizer = torch.optim.SGD(problem.parameters, lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    attach_to_gradient(optimizer, lambda parts, _: seen.append(parts[0].clone()))
    expected = problem.gradient()[0]
    scaler.scale(problem.loss()).backward()
    scaler.step(optimizer)
    torch.testing.assert_close(seen, [expected])


def test_accelerates_wrapper_is_looked_through():
    from accelerate import Accelerator

    problem, calls = Problem(), []
    inner = torch.optim.SGD(problem.parameters, lr=0.1)
    wrapped = Accelerator(cpu=True).prepare_optimizer(inner)
    assert hooked_optimizer(wrapped) is inner
    attach_to_gradient(hooked_optimizer(wrapped), lambda *_: calls.append(1))
    problem.backward()
    wrapped.step()
    assert calls == [1]


def test_what_takes_no_hooks_is_refused():
    class Hookless(torch.optim.Optimizer):
        def __init__(self):
            """Never set up."""

    with pytest.raises(TypeError, match=r"must be a torch.optim.Optimizer that takes hooks, got Hookless"):
        hooked_optimizer(Hookless())


@pytest.mark.parametrize("make", [lambda p: torch.optim.SGD(p, lr=0.1), Descent])
@pytest.mark.parametrize("attach", [attach_to_gradient, attach_to_step])
def test_removal_leaves_nothing(make, attach):
    problem, calls = Problem(), []
    optimizer = make(problem.parameters)
    kept = attach(optimizer, lambda *_: calls.append("kept"))
    gone = Attachment([attach(optimizer, lambda *_: calls.append("gone"))])
    gone.remove()
    gone.remove()
    closure = problem.loss if make is Descent else problem.backward
    optimizer.step(closure)
    assert calls == ["kept"]
    kept()
    optimizer.step(closure)
    assert calls == ["kept"]
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_state_and_schedule_are_the_optimisers_own():
    problem, plain = Problem(), Problem()
    optimizer, reference = (torch.optim.Adam(p.parameters, lr=0.1) for p in (problem, plain))
    before = copy.deepcopy(optimizer.state_dict())
    attach_to_gradient(optimizer, lambda *_: None)
    attach_to_step(optimizer, lambda *_: None)
    assert optimizer.state_dict() == before
    schedules = [torch.optim.lr_scheduler.StepLR(one, 2) for one in (optimizer, reference)]
    for _ in range(5):
        for at, one in ((problem, optimizer), (plain, reference)):
            at.backward()
            one.step()
        for schedule in schedules:
            schedule.step()
    same(problem.values(), plain.values())
