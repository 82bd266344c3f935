"""Claim 0.14: how much the choice of λ matters."""

import itertools

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.optim import gain_ratio, predicted_reduction

DAMPINGS = (1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2)
NUM_STEPS = 20
# Raise λ below a gain ratio of 1/4 and lower it above 3/4: Marquardt (1963), Fletcher (1971).
POOR, GOOD, FACTOR = 0.25, 0.75, 4.0


def damping_sweep() -> Numbers:
    """Loss after twenty updates with α = 1 from one starting point, for seven λ and for an adapted one.

    The model is an untrained tanh perceptron; the formula is solved as printed. The adapted λ starts
    from either end of the sweep and follows the gain ratio; a step that would raise the loss is not taken.
    """
    features, labels = speech_features(num_frames=2)
    problem = SpeechProblem(perceptron(features.shape[1], 4), features, labels)
    runs = [_run(problem, damping, adapt=False) for damping in DAMPINGS]
    finals = [losses[-1] for losses in runs]
    best = min(range(len(finals)), key=finals.__getitem__)
    return {
        "n": problem.operator().shape[0],
        "num_steps": NUM_STEPS,
        "num_dampings": len(DAMPINGS),
        "start_loss": runs[0][0],
        "best_damping": DAMPINGS[best],
        "best_loss": finals[best],
        "smallest_damping": DAMPINGS[0],
        "smallest_damping_loss": finals[0],
        "largest_damping": DAMPINGS[-1],
        "largest_damping_loss": finals[-1],
        "worst_loss": max(finals),
        "runs_that_rose": sum(_rose(losses) for losses in runs),
        "adapted_loss_from_smallest": _run(problem, DAMPINGS[0], adapt=True)[-1],
        "adapted_loss_from_largest": _run(problem, DAMPINGS[-1], adapt=True)[-1],
    }


def judge_damping_sweep(numbers: Numbers) -> Verdict:
    """Worst final loss at least twice the best."""
    return HOLDS if numbers["worst_loss"] >= 2 * numbers["best_loss"] else FAILS


def _run(problem: SpeechProblem, damping: float, *, adapt: bool) -> list[float]:
    """Losses before and after each update."""
    params, losses = problem.params(), []
    for _ in range(NUM_STEPS):
        operator = problem.operator(params)
        losses.append(float(operator.value))
        hessian, g = operator.to_dense(), operator.flatten(operator.gradient)
        step = -torch.linalg.solve(hessian + damping * torch.eye(len(g), dtype=g.dtype), g)
        moved = operator.unflatten(operator.flatten(params) + step)
        if not adapt:
            params = moved
            continue
        ratio = _gain(hessian, g, step, losses[-1], float(problem.loss(moved)))
        params = moved if ratio > 0 else params
        damping *= FACTOR if ratio < POOR else 1 / FACTOR if ratio > GOOD else 1.0
    return [*losses, float(problem.loss(params))]


def _gain(hessian: Tensor, g: Tensor, step: Tensor, before: float, after: float) -> float:
    """The gain ratio; −1, to be rejected, where the model itself promises no reduction."""
    predicted = predicted_reduction(hessian, g, step)
    return gain_ratio(before, after, predicted) if predicted > 0 else -1.0


def _rose(losses: list[float]) -> bool:
    return any(after > before for before, after in itertools.pairwise(losses))


CLAIMS = (
    Claim(
        id="0.14",
        source="S0",
        section="§5",
        quote="正则化参数的选择也是一个关键问题，需要进一步的研究。",
        translation=(
            "The choice of the regularisation parameter is also a key question that needs further study."
        ),
        predicate=(
            "Holds iff, among seven λ from 10⁻⁴ to 10² and after twenty updates with α = 1 from one "
            "starting point, the worst loss is at least twice the best; otherwise fails."
        ),
        evidence=damping_sweep,
        judge=judge_damping_sweep,
        sentences={
            "holds": (
                "From a loss of {start_loss:.2f}, {num_steps:.0f} updates ended at {best_loss:.3f} with the "
                "best λ of the sweep ({best_damping:g}), at {smallest_damping_loss:.3g} with λ = "
                "{smallest_damping:g} and at {largest_damping_loss:.3g} with λ = {largest_damping:g}; the "
                "loss rose on the way in {runs_that_rose:.0f} of {num_dampings:.0f} runs. A λ adapted by "
                "the gain ratio ended at {adapted_loss_from_smallest:.3f} and "
                "{adapted_loss_from_largest:.3f} from these two ends."
            ),
            "fails": (
                "From a loss of {start_loss:.2f}, {num_steps:.0f} updates ended between {best_loss:.3f} and "
                "{worst_loss:.3f} for all {num_dampings:.0f} values of λ."
            ),
        },
        lead="Holds; the gain ratio adapts λ.",
    ),
)
