"""Claim 1.3: whether too small or too large updates make gradients vanish or explode."""

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.deep import Deep, factor_per_layer, layer_gradients
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, seeded, settled, speech_features
from hnrc_lib.curvature import flatten

NUM_STEPS = 60
TINY, FAIR, LARGE = 1e-4, 1.0, 3.0
CHANGE = 10


def step_size_and_gradient() -> Numbers:
    """The gradient's norm after sixty updates over that before, for three rates of gradient descent.

    A convex speech classifier, begun near its minimum; the rates are η = 10⁻⁴, 1 and 3 over the largest
    eigenvalue of H. Beside it, what back-propagation through eight tanh layers leaves of a gradient, a
    layer, before any update.
    """
    features, labels = speech_features(num_frames=1)
    problem = SpeechProblem(seeded(ReferenceClass(features.shape[1]), 0), features, labels)
    start = settled(problem, num_iterations=20)
    steepest = float(torch.linalg.eigvalsh(problem.operator(start).to_dense())[-1])
    slope = torch.func.grad(problem.loss)
    before = float(flatten(slope(start)).norm())
    numbers: dict[str, float] = {"num_steps": NUM_STEPS}
    for name, relative in (("tiny", TINY), ("fair", FAIR), ("large", LARGE)):
        params: dict[str, Tensor] = start
        for _ in range(NUM_STEPS):
            gradient = slope(params)
            params = {key: value - relative / steepest * gradient[key] for key, value in params.items()}
        numbers[f"{name}_change"] = float(flatten(slope(params)).norm()) / before
    sizes = (features.shape[1], *[16] * 8)
    for name, gain in (("small_weights", 0.5), ("large_weights", 3.0)):
        model = Deep("dense", sizes, activation="tanh", gain=gain)
        numbers[name] = factor_per_layer(layer_gradients(model, features, labels))
    return numbers


def judge_step_size_and_gradient(numbers: Numbers) -> Verdict:
    """Tiny updates shrink the gradient tenfold; large updates make it ten times as long."""
    vanishes = numbers["tiny_change"] <= 1 / CHANGE
    explodes = numbers["large_change"] >= CHANGE
    if vanishes and explodes:
        return HOLDS
    return holds_if("the updates are too large") if explodes else FAILS


CLAIMS = (
    Claim(
        id="1.3",
        source="S1",
        section="§2.2",
        quote=("梯度消失/梯度爆炸：由于权重更新的规模过小或过大，导致梯度在训练过程中逐渐趋于0或趋于无穷。"),
        translation=(
            "Vanishing and exploding gradients: because the updates of the weights are too small or too "
            "large, the gradient tends to 0 or to infinity during training."
        ),
        predicate=(
            "Sixty updates of gradient descent on a convex speech classifier. Holds iff with η = "
            "10⁻⁴/h_max the gradient's norm falls to a tenth or less, and with η = 3/h_max it grows "
            "tenfold or more; with a condition if only the latter; otherwise fails."
        ),
        evidence=step_size_and_gradient,
        judge=judge_step_size_and_gradient,
        sentences={
            "holds": (
                "{num_steps:.0f} tiny updates left {tiny_change:.3f} of the gradient's norm, as many large "
                "ones {large_change:.3g} times of it."
            ),
            "holds if": (
                "{num_steps:.0f} updates with η = 10⁻⁴/h_max left {tiny_change:.3f} of the gradient's "
                "norm: a tiny update leaves everything as it is. Fair ones (η = 1/h_max) left "
                "{fair_change:.3f}, which is convergence; large ones (3/h_max) made it {large_change:.0f} "
                "times as long. Through eight layers a gradient changes by {small_weights:.2f} or "
                "{large_weights:.2f} a layer, as the weights are small or large, before there has been any "
                "update."
            ),
            "fails": (
                "{num_steps:.0f} tiny updates left {tiny_change:.3f} of the gradient's norm, as many large "
                "ones {large_change:.3g} times of it."
            ),
        },
        lead="Cause and effect are confused, though η > 2/h_max does make gradients grow.",
    ),
)
