"""Claims 0.1 and 0.2: what a damped step does about vanishing gradients, and what curvature is to them."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.deep import Deep
from hnrc_lib.claims.subjects import (
    ReferenceClass,
    SpeechProblem,
    perceptron,
    seeded,
    settled,
    speech_features,
)
from hnrc_lib.curvature import GGNLinearOperator

WIDTH, DEPTH = 6, 5
SMALL, CALM, LARGE = 0.3, 2**0.5, 3.0
RELATIVE_DAMPING = 1e-2
ENOUGH = 10


def damping_and_depth() -> Numbers:
    """Gradient and damped step of deep classifiers where gradients vanish, and where they explode.

    Vanishing: five tanh layers with small weights; the biases of the first hidden layer against those of
    the readout, in the gradient, in the step with H at λ = −2h_min, and in the step with the
    Gauss–Newton matrix at λ = 10⁻² of its largest eigenvalue. Exploding: five ReLU layers with large
    weights against the same with He's; length of the gradient and of the step with H at λ = −2h_min.
    """
    features, labels = speech_features(num_frames=1, num_utterances=100)
    small = _deep("tanh", SMALL, features, labels)
    operator = small.operator()
    g = operator.flatten(operator.gradient)
    gauss_newton = GGNLinearOperator(
        lambda params: functional_call(small.model, params, (features,)),
        lambda scores: F.cross_entropy(scores, labels),
        small.params(),
    ).to_dense()
    light = RELATIVE_DAMPING * float(torch.linalg.eigvalsh(gauss_newton)[-1])
    lengths: dict[str, float] = {}
    for name, gain in (("calm", CALM), ("large", LARGE)):
        steep = _deep("relu", gain, features, labels).operator()
        lengths[name] = float(steep.flatten(steep.gradient).norm())
        lengths[f"{name}_step"] = float(_damped_step(steep.to_dense(), steep.flatten(steep.gradient)).norm())
    return {
        "num_layers": DEPTH,
        "gradient_ratio": _first_to_last(operator.gradient),
        "damped_ratio": _first_to_last(operator.unflatten(_damped_step(operator.to_dense(), g))),
        "gauss_newton_ratio": _first_to_last(operator.unflatten(_step(gauss_newton, g, light))),
        "explosion": lengths["large"] / lengths["calm"],
        "step_growth": lengths["large_step"] / lengths["calm_step"],
    }


def judge_damping_and_depth(numbers: Numbers) -> Verdict:
    """In the step a tenth of the gradient's explosion, and tenfold less vanishing: with H or with G."""
    if numbers["explosion"] < ENOUGH * numbers["step_growth"]:
        return FAILS
    if numbers["damped_ratio"] >= ENOUGH * numbers["gradient_ratio"]:
        return HOLDS
    if numbers["gauss_newton_ratio"] >= ENOUGH * numbers["gradient_ratio"]:
        return holds_if("the Gauss–Newton matrix takes H's place where gradients vanish")
    return holds_if("the gradient explodes")


def gradient_and_curvature() -> Numbers:
    """Two points of a speech classifier's loss: gradient and largest |eigenvalue| of H at each.

    One is near a minimum. At the other a linear classifier is sure of the wrong digit: its answers are
    shifted by one and its weights are long.
    """
    features, labels = speech_features(num_frames=2, num_utterances=200)
    network = SpeechProblem(perceptron(features.shape[1], 4), features, labels)
    few, said = speech_features(num_frames=2, num_utterances=100)
    linear = SpeechProblem(seeded(ReferenceClass(few.shape[1]), 0), few, said)
    wrong = SpeechProblem(linear.model, few, (said + 1) % 10)
    long = {name: 6 * value for name, value in settled(linear, num_iterations=40).items()}
    rested = settled(network, num_iterations=100)
    numbers: dict[str, float] = {}
    for name, where, params in (("rested", network, rested), ("sure", wrong, long)):
        operator = where.operator(params)
        numbers[f"{name}_gradient"] = float(operator.flatten(operator.gradient).norm())
        numbers[f"{name}_curvature"] = float(torch.linalg.eigvalsh(operator.to_dense()).abs().max())
    return numbers


def judge_gradient_and_curvature(numbers: Numbers) -> Verdict:
    """A hundredfold gap either way is a counter-example to each half."""
    small_and_curved = numbers["rested_curvature"] >= 100 * numbers["rested_gradient"]
    large_and_flat = numbers["sure_gradient"] >= 100 * numbers["sure_curvature"]
    return FAILS if small_and_curved and large_and_flat else HOLDS


def _deep(activation: str, gain: float, features: Tensor, labels: Tensor) -> SpeechProblem:
    sizes = (features.shape[1], *[WIDTH] * DEPTH)
    return SpeechProblem(Deep("dense", sizes, activation=activation, gain=gain, seed=1), features, labels)


def _damped_step(hessian: Tensor, g: Tensor) -> Tensor:
    """(H + λI)⁻¹ g at λ = −2h_min, so that H + λI is positive definite by a margin of |h_min|."""
    return _step(hessian, g, -2 * float(torch.linalg.eigvalsh(hessian)[0]))


def _step(matrix: Tensor, g: Tensor, damping: float) -> Tensor:
    return torch.linalg.solve(matrix + damping * torch.eye(len(g), dtype=g.dtype), g)


def _first_to_last(parts: dict[str, Tensor]) -> float:
    """Length of the first hidden layer's biases over that of the readout's.

    The gradient of a layer's biases is what back-propagation brings to it, the mean over utterances.
    """
    return float(parts["layers.0.bias"].norm() / parts["readout.bias"].norm())


CLAIMS = (
    Claim(
        id="0.1",
        source="S0",
        section="§2",
        quote="它主要针对的是深度神经网络在训练过程中的梯度消失和梯度爆炸问题。",
        translation=(
            "It is aimed above all at the vanishing and exploding of gradients while a deep network is "
            "trained."
        ),
        predicate=(
            "Fails unless, from He's weights to large ones, the length of the damped step (λ = −2h_min) "
            "grows by at most a tenth of the factor by which the gradient's grows. Then: where gradients "
            "vanish, is the first hidden layer's bias part against the readout's at least ten times as "
            "large in the step as in the gradient? Holds if so with H, holds with a condition if so with "
            "the Gauss–Newton matrix only, or with neither."
        ),
        evidence=damping_and_depth,
        judge=judge_damping_and_depth,
        sentences={
            "holds": (
                "Large weights multiply the gradient's length by {explosion:.0f} and the damped step's by "
                "{step_growth:.1f}. With small weights the biases of the first of {num_layers:.0f} layers "
                "have {gradient_ratio:.1e} of the readout's gradient and {damped_ratio:.1e} of its step."
            ),
            "holds if": (
                "Large weights multiply the gradient's length by {explosion:.0f} and the damped step's by "
                "{step_growth:.1f}. With small weights the biases of the first of {num_layers:.0f} hidden "
                "layers have {gradient_ratio:.1e} of the readout's gradient, {damped_ratio:.1e} of its "
                "step with H at λ = −2h_min, and {gauss_newton_ratio:.1e} with the Gauss–Newton matrix, "
                "which allows a smaller λ. What arrives by back-propagation is the same in all three."
            ),
            "fails": (
                "Large weights multiply the gradient's length by {explosion:.0f} and the damped step's by "
                "{step_growth:.1f}."
            ),
        },
        lead="It rescales the step; at equal θ the back-propagated norms are identical.",
        revised=(
            "The damping of the Gauss–Newton step was chosen after runs on sibling networks; which "
            "parameters are compared, and the size of the input, after trial runs."
        ),
    ),
    Claim(
        id="0.2",
        source="S0",
        section="§2",
        quote=(
            "梯度消失问题是指在训练过程中，模型的二阶导数逐渐趋近于零，导致梯度下降算法的收敛速度很慢。梯度爆炸问题是指在训练过程中，模型的二阶导数逐渐趋于无穷，导致梯度下降算法的不稳定。"
        ),
        translation=(
            "Vanishing gradients means that the second derivatives of the model tend to zero in training, "
            "so that gradient descent converges slowly. Exploding gradients means that they tend to "
            "infinity, so that gradient descent becomes unstable."
        ),
        predicate=(
            "Fails iff a speech classifier has a point where the largest eigenvalue of H in absolute value "
            "is at least a hundred times the gradient's norm, and one where it is at most a hundredth of "
            "it; otherwise holds."
        ),
        evidence=gradient_and_curvature,
        judge=judge_gradient_and_curvature,
        sentences={
            "holds": (
                "Gradient {rested_gradient:.1e} with curvature {rested_curvature:.1e}, and gradient "
                "{sure_gradient:.1e} with curvature {sure_curvature:.1e}: small goes with small."
            ),
            "fails": (
                "Near a minimum the gradient is {rested_gradient:.1e} and the curvature "
                "{rested_curvature:.2g}. Where a classifier is sure of the wrong digit the gradient is "
                "{sure_gradient:.2g} and the curvature {sure_curvature:.1e}. First and second derivatives "
                "are small in different places."
            ),
        },
        lead="First and second order are confused.",
        revised=(
            "The test asks whether two points exist; they were searched for, by the number of utterances "
            "and the length of the weights."
        ),
    ),
)
