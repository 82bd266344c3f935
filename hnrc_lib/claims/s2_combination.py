"""Claim 2.14: whether a combination with SGD, RMSprop or Adagrad keeps the advantages of both."""

from functools import cache

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.combined_runs import Combination, Order, best_of, descend
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.experiments.optimisers.contest import RECORDED
from hnrc_lib.experiments.record import Record, load_record
from hnrc_lib.optim.diagonal_scaling import Scaling, diagonal_scaling

NUM_STEPS, DAMPING = 20, 0.3
# The same three rates α for each method and its combinations; behind B⁻¹ they are multiplied by λ.
RATES: dict[Scaling, tuple[float, ...]] = {
    "none": (2.0, 4.0, 8.0),
    "rmsprop": (0.02, 0.04, 0.08),
    "adagrad": (0.2, 0.4, 0.8),
}
ORDERS: dict[Scaling, tuple[Order, ...]] = {
    "none": (),  # before and after gradient descent are the same: curvature alone
    "rmsprop": ("before", "after"),
    "adagrad": ("before", "after"),
}


def both_advantages() -> Numbers:
    """Losses of combinations beside both parents, live and on the record of the comparison.

    Live: a tanh perceptron on the shipped digits, the whole batch, twenty steps, the best of three rates; a
    combination costs about two gradients a step, so that forty steps of a parent cost as much. Record: HNRC
    in Adam's metric with half of AdamW's steps, beside AdamW with as many steps and with as many gradients;
    HNRC of rank 8 with momentum beside SGD with momentum. Last, how far a fixed diagonal, put before each
    method, moves the end of ten steps, relative to their length.
    """
    problem = _problem()
    curvature = best_of(problem, Combination("curvature alone", damping=DAMPING), _rates("none"), NUM_STEPS)
    numbers: dict[str, float] = {"num_steps": NUM_STEPS, "curvature_alone": curvature}
    steps, gradients, combined = 0, 0, []
    for scaling, orders in ORDERS.items():
        alone, twice = _alone(problem, scaling)
        numbers |= {f"{scaling}_alone": alone, f"{scaling}_twice": twice}
        found = {order: _combined(problem, scaling, order) for order in orders} or {"combined": curvature}
        numbers |= {f"{scaling}_{order}": loss for order, loss in found.items()}
        combined += [*found.values()]
        parents = min(alone, curvature) if orders else alone
        steps += sum(loss <= parents for loss in found.values())
        gradients += sum(loss <= twice for loss in found.values())
    numbers |= {"num_combinations": len(combined), "lower_at_equal_steps": steps}
    numbers |= {"lower_at_equal_gradients": gradients}
    numbers |= {f"{scaling}_cancelled": _moved_by_diagonal(problem, scaling) for scaling in RATES}
    return {**numbers, **_recorded(load_record("optimisers"))}


def judge_both_advantages(numbers: Numbers) -> Verdict:
    """All live combinations and the recorded hybrid below the parents, at equal gradients or equal steps."""
    live, tasks = numbers["num_combinations"], numbers["num_tasks"]
    if numbers["lower_at_equal_gradients"] == live and numbers["hybrid_at_equal_gradients"] == tasks:
        return HOLDS
    if numbers["lower_at_equal_steps"] == live and 2 * numbers["hybrid_at_equal_steps"] > tasks:
        return holds_if("steps are counted, not gradients")
    return FAILS


@cache
def _problem() -> SpeechProblem:
    features, labels = speech_features(num_frames=2)
    return SpeechProblem(perceptron(features.shape[1], 4), features, labels)


def _rates(scaling: Scaling) -> tuple[float, ...]:
    return tuple(DAMPING * rate for rate in RATES[scaling])


def _alone(problem: SpeechProblem, scaling: Scaling) -> tuple[float, float]:
    """Lowest loss after the steps, and after twice as many."""
    runs = [
        descend(problem, Combination("adaptive alone", scaling), r, 2 * NUM_STEPS)[0] for r in RATES[scaling]
    ]
    return min(losses[NUM_STEPS] for losses in runs), min(losses[-1] for losses in runs)


def _combined(problem: SpeechProblem, scaling: Scaling, order: Order) -> float:
    rates = RATES[scaling] if order == "before" else _rates(scaling)
    return best_of(problem, Combination(order, scaling, DAMPING), rates, NUM_STEPS)


def _moved_by_diagonal(problem: SpeechProblem, scaling: Scaling) -> float:
    """‖Δθ with gradient P g − Δθ with g‖/‖Δθ‖ after ten steps; P diagonal, fixed, from 0.1 to 10."""
    params = problem.params()
    size = sum(value.numel() for value in params.values())
    weights = torch.logspace(-1, 1, size, dtype=torch.float64)
    ends = []
    for fixed in (torch.ones_like(weights), weights):
        operator, memory = problem.operator(params), {}
        start = theta = operator.flatten(params)
        for _ in range(10):
            g = fixed * _gradient(problem, operator.unflatten(theta))
            theta = theta - RATES[scaling][0] / 10 * g / diagonal_scaling(scaling, g, memory)
        ends.append(theta - start)
    return float((ends[1] - ends[0]).norm() / ends[0].norm())


def _gradient(problem: SpeechProblem, params: dict[str, Tensor]) -> Tensor:
    leaves = {name: value.requires_grad_() for name, value in params.items()}
    parts = torch.autograd.grad(problem.loss(leaves), list(leaves.values()))
    return torch.cat([part.flatten() for part in parts])


def _recorded(record: Record) -> Numbers:
    """On how many tasks a recorded combination ended below its parent."""

    def below(one: str, other: str) -> int:
        count = 0
        for task in RECORDED:
            a, b = (record.scalars[f"{task}/{name}/train_loss_mean"] for name in (one, other))
            count += a is not None and (b is None or a < b)  # None: a run diverged
        return count

    return {
        "num_tasks": len(RECORDED),
        "hybrid_at_equal_steps": below("hnrc-adam", "adamw-half"),
        "hybrid_at_equal_gradients": below("hnrc-adam", "adamw"),
        "momentum_at_equal_steps": below("hnrc-k", "sgd"),
    }


CLAIMS = (
    Claim(
        id="2.14",
        source="S2",
        section="§6, question 4",
        quote=(
            "Hessian逆秩1修正可以与其他优化算法（如SGD、RMSprop、Adagrad等）结合使用，以提高优化性能。"
            "这种结合方法可以利用Hessian逆秩1修正的优点，同时保留其他优化算法的优点。"
        ),
        translation=(
            "The Hessian inverse rank-1 correction can be combined with other optimisation algorithms (such "
            "as SGD, RMSprop, Adagrad) to raise optimisation performance. Such a combination can use the "
            "advantages of the correction and keep those of the other algorithm."
        ),
        predicate=(
            "Holds iff HNRC before and after SGD, RMSprop and Adagrad ends below both parents on the shipped "
            "digits, the other optimiser having as many gradients, and the recorded hybrid HNRC + Adam below "
            "AdamW with as many gradients on every task of real speech. Holds if steps are counted, not "
            "gradients, where the former is so with as many steps and the hybrid is below its control on "
            "more than half of the tasks; otherwise fails."
        ),
        evidence=both_advantages,
        judge=judge_both_advantages,
        sentences={
            "holds": (
                "{lower_at_equal_gradients:.0f} of {num_combinations:.0f} combinations ended below the other "
                "optimiser with as many gradients on the shipped digits; on FSDD the hybrid with Adam did on "
                "{hybrid_at_equal_gradients:.0f} of {num_tasks:.0f} tasks."
            ),
            "holds if": (
                "After {num_steps:.0f} steps on the shipped digits the losses were {none_alone:.3f} for "
                "gradient descent and {none_combined:.3f} with HNRC; RMSprop {rmsprop_alone:.3f}, with "
                "HNRC before it {rmsprop_before:.3f} and after it {rmsprop_after:.3f}; Adagrad "
                "{adagrad_alone:.3f}, {adagrad_before:.3f} and {adagrad_after:.3f}: "
                "{lower_at_equal_steps:.0f} of {num_combinations:.0f} below both parents. With as many "
                "gradients the three alone reached {none_twice:.3f}, {rmsprop_twice:.3f} and "
                "{adagrad_twice:.3f}, and {lower_at_equal_gradients:.0f} of {num_combinations:.0f} "
                "combinations were below that. On real speech (FSDD) HNRC + Adam ended below AdamW with as "
                "many steps on {hybrid_at_equal_steps:.0f} of {num_tasks:.0f} tasks, with as many gradients "
                "on {hybrid_at_equal_gradients:.0f}; HNRC with momentum below SGD with momentum, for more "
                "gradients, on {momentum_at_equal_steps:.0f}. A fixed diagonal before RMSprop and Adagrad "
                "moved the end by {rmsprop_cancelled:.0e} and {adagrad_cancelled:.0e} of the way, before "
                "gradient descent by {none_cancelled:.2g}."
            ),
            "fails": (
                "{lower_at_equal_steps:.0f} of {num_combinations:.0f} combinations ended below both parents "
                "on the shipped digits after as many steps; on FSDD the hybrid with Adam ended below its "
                "control on {hybrid_at_equal_steps:.0f} of {num_tasks:.0f} tasks."
            ),
        },
        lead="A fixed diagonal before Adam cancels; measure the rest.",
        revised=(
            "Damping and rates were chosen after a look at runs and at the record, before equal steps "
            "and equal gradients were compared."
        ),
    ),
)
