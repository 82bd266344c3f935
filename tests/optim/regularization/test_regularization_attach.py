import pytest
import torch

from hnrc_lib.optim.clipping import ClipByGlobalNorm, clip_gradients
from hnrc_lib.optim.regularization import (
    L2,
    DecoupledDecay,
    L1Proximal,
    L1Subgradient,
    is_bias_or_normalization,
    regularize,
    soft_threshold,
)
from tests.optim.optimisers import FIRST_ORDER, Descent, Problem, same, third_party

OPTIMISERS = FIRST_ORDER | {"Lion": third_party}
TERMS = {L2: lambda p: 0.3 * p, L1Subgradient: lambda p: 0.3 * torch.sign(p)}
CHANGES = {
    DecoupledDecay: lambda new, old: new - 0.1 * 0.3 * old,
    L1Proximal: lambda new, old: soft_threshold(new, 0.1 * 0.3),
}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("rule", [*TERMS, *CHANGES])
def test_as_if_done_by_hand_and_biases_are_left_alone(name, rule):
    attached, by_hand = Problem(), Problem()
    optimizers = [OPTIMISERS[name](problem.parameters) for problem in (attached, by_hand)]
    regularize(optimizers[0], rule(0.3))
    for _ in range(4):
        attached.backward()
        optimizers[0].step()
        old = by_hand.values()[0]
        by_hand.backward()
        with torch.no_grad():
            if rule in TERMS:
                by_hand.weight.grad += TERMS[rule](by_hand.weight)
            optimizers[1].step()
            if rule in CHANGES:
                by_hand.weight.copy_(CHANGES[rule](by_hand.weight, old))
    same(attached.values(), by_hand.values(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", [*TERMS, *CHANGES])
def test_optimisers_that_make_their_own_gradient(rule):
    problem, plain = Problem(), Problem()
    optimizer = Descent(problem.parameters)
    regularize(optimizer, rule(0.3))
    (gradient, bias_gradient), (old, bias) = plain.gradient(), plain.values()
    optimizer.step(problem.loss)
    if rule in TERMS:
        expected = old - 0.1 * (gradient + TERMS[rule](old))
    else:
        expected = CHANGES[rule](old - 0.1 * gradient, old)
    same(problem.values(), [expected, bias - 0.1 * bias_gradient], rtol=1e-12, atol=1e-14)
    optimizer.refuse, before = True, problem.values()
    optimizer.step(problem.loss)
    same(problem.values(), before)


def test_biases_and_normalisations_by_shape():
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.GroupNorm(1, 2), torch.nn.LSTM(2, 2))
    kept = [name for name, value in model.named_parameters() if not is_bias_or_normalization(name, value)]
    assert kept == ["0.weight", "2.weight_ih_l0", "2.weight_hh_l0"]


@pytest.mark.parametrize("rule", [L2, DecoupledDecay])
def test_a_predicate_sees_the_names(rule):
    problem, plain = Problem(), Problem()
    optimizers = [torch.optim.SGD(p.named, lr=0.1) for p in (problem, plain)]
    regularize(optimizers[0], rule(0.5), exclude=lambda name, value: name == "weight" and value.ndim == 2)
    before = problem.bias.detach().clone()
    for at, optimizer in zip((problem, plain), optimizers, strict=True):
        at.backward()
        optimizer.step()
    assert torch.equal(problem.weight, plain.weight)
    torch.testing.assert_close(problem.bias, plain.bias - 0.1 * 0.5 * before)


def test_third_parties_keep_the_names_too():
    problem = Problem()
    regularize(third_party(problem.named), L2(0.5), exclude=lambda name, _: name == "weight")


def test_a_predicate_without_names_is_refused():
    optimizer = torch.optim.SGD(Problem().parameters, lr=0.1)
    with pytest.raises(ValueError, match="exclude must see names: make the optimiser from"):
        regularize(optimizer, L2(0.5), exclude=lambda name, _: "norm" in name)


@pytest.mark.parametrize("rule", [DecoupledDecay, L1Proximal])
def test_a_parameter_without_gradient_is_not_decayed(rule):
    problem = Problem()
    optimizer = torch.optim.AdamW(problem.parameters, lr=0.1)
    regularize(optimizer, rule(0.5), exclude=None)
    problem.backward()
    problem.weight.grad, before = None, problem.values()
    optimizer.step()
    assert torch.equal(problem.weight, before[0])
    assert not torch.equal(problem.bias, before[1])


def test_a_group_without_learning_rate_is_refused():
    class Rateless(torch.optim.Optimizer):
        def step(self, closure=None):
            return None

    optimizer = Rateless(Problem().parameters, {"speed": 1.0})
    with pytest.raises(ValueError, match=r"learning rate 'lr', got one with keys \['params', 'speed'\]"):
        regularize(optimizer, DecoupledDecay(0.1))
    regularize(optimizer, L2(0.1))


def test_what_is_no_rule_is_refused():
    from hnrc_lib.optim.regularization import Regularization

    class Neither(Regularization):
        pass

    with pytest.raises(TypeError, match=r"rule must be L2, DecoupledDecay, .* got Neither"):
        regularize(torch.optim.SGD(Problem().parameters, lr=0.1), Neither(0.1))


def test_sparse_gradients():
    table = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = torch.optim.SGD(table.named_parameters(), lr=1.0)
    handle = regularize(optimizer, L2(0.1))
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(TypeError, match=r"must be dense, got .* shape \(5, 2\): exclude this parameter"):
        optimizer.step()
    handle.remove()
    before = table.weight.detach().clone()
    regularize(optimizer, L2(0.1), exclude=lambda name, _: name == "weight")
    regularize(optimizer, DecoupledDecay(0.1))
    optimizer.step()
    assert torch.equal(table.weight[0], before[0] - 0.1 * before[0])


def test_removal():
    problem, plain = Problem(), Problem()
    optimizers = [torch.optim.SGD(p.parameters, lr=0.1) for p in (problem, plain)]
    for rule in (L2(0.1), DecoupledDecay(0.1), L1Proximal(0.1), L1Subgradient(0.1)):
        handle = regularize(optimizers[0], rule)
        assert handle.rule is rule
        handle.remove()
        handle.remove()
    for at, optimizer in zip((problem, plain), optimizers, strict=True):
        at.backward()
        optimizer.step()
    same(problem.values(), plain.values())


@pytest.mark.parametrize("clip_first", [True, False])
def test_a_term_is_clipped_if_the_clip_comes_after_it(clip_first):
    problem, plain = Problem(), Problem()
    optimizer, clip = torch.optim.SGD(problem.parameters, lr=0.1), ClipByGlobalNorm(0.01)
    steps = [lambda: clip_gradients(optimizer, clip), lambda: regularize(optimizer, L2(0.5), exclude=None)]
    for attach in steps if clip_first else steps[::-1]:
        attach()
    gradient, old = plain.gradient(), plain.values()
    terms = [0.5 * value for value in old]
    if clip_first:
        clip(gradient, old)
    total = [part + term for part, term in zip(gradient, terms, strict=True)]
    if not clip_first:
        clip(total, old)
    problem.backward()
    optimizer.step()
    same(
        problem.values(), [v - 0.1 * part for v, part in zip(old, total, strict=True)], rtol=1e-12, atol=1e-14
    )


def test_schedulers_change_the_rate_of_decay():
    problem = Problem()
    optimizer = torch.optim.SGD(problem.parameters, lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    regularize(optimizer, DecoupledDecay(0.4), exclude=None)
    for rate in (0.1, 0.05, 0.025):
        before = problem.values()
        for parameter in problem.parameters:
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        schedule.step()
        same(problem.values(), [value * (1 - 0.4 * rate) for value in before], rtol=1e-12, atol=1e-14)
