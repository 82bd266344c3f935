"""Claim 0.5: the Hessian as the second derivative of the loss, and where there is none."""

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.curvature import dense_hessian, flatten, unflatten

# Rounding ε/h and truncation h² of a central difference of the gradient balance near ε^(1/3).
STEP = 6e-6
KINK_STEPS = (1e-4, 1e-6)


def second_derivative() -> Numbers:
    """The Hessian by automatic differentiation against central differences of the gradient.

    On a tanh perceptron, every column of H is compared, and the asymmetry is measured on entries that were
    differentiated one by one. On a ReLU perceptron, the bias of one hidden unit is set so that one utterance
    sits exactly on the unit's kink, and the diagonal entry of that bias is compared at two step lengths.
    """
    features, labels = speech_features()
    smooth = SpeechProblem(perceptron(features.shape[1], 8), features, labels)
    hessian = dense_hessian(smooth.loss, smooth.params(), symmetrize=False)
    theta = flatten(smooth.params())
    columns = [_difference(smooth, theta, index, STEP) for index in range(len(theta))]
    largest = float(hessian.abs().max())
    kinked, index = _on_a_kink(features, labels)
    theta = flatten(kinked.params())
    by_graph = float(dense_hessian(kinked.loss, kinked.params())[index, index])
    wide, narrow = (float(_difference(kinked, theta, index, step)[index]) for step in KINK_STEPS)
    return {
        "n": len(hessian),
        "smooth_error": float((torch.stack(columns, dim=1) - hessian).abs().max()) / largest,
        "asymmetry": float((hessian - hessian.mT).abs().max()) / largest,
        "kink_by_graph": by_graph,
        "kink_difference_wide": wide,
        "kink_difference_narrow": narrow,
        "kink_wide_step": KINK_STEPS[0],
        "kink_narrow_step": KINK_STEPS[1],
        "kink_growth": abs(narrow - by_graph) / abs(wide - by_graph),
    }


def judge_second_derivative(numbers: Numbers) -> Verdict:
    """Agreement to 10⁻⁶ and symmetry to 10⁻¹² on the smooth net; at a kink, differences that do not grow."""
    if not (numbers["smooth_error"] < 1e-6 and numbers["asymmetry"] < 1e-12):
        return FAILS
    return HOLDS if numbers["kink_growth"] < 10 else holds_if("L is twice continuously differentiable at θ")


def _on_a_kink(features: Tensor, labels: Tensor) -> tuple[SpeechProblem, int]:
    """A ReLU perceptron whose first hidden unit is exactly 0 on the first utterance; index of its bias."""
    model = perceptron(features.shape[1], 8, activation="relu")
    params = dict(model.named_parameters())
    params["0.bias"].data[0] = -(features[0] @ params["0.weight"].detach()[0])
    return SpeechProblem(model, features, labels), params["0.weight"].numel()


def _difference(problem: SpeechProblem, theta: Tensor, index: int, step: float) -> Tensor:
    """(∇L(θ + h e) − ∇L(θ − h e))/2h, one column of H."""
    shift, params = torch.zeros_like(theta), problem.params()
    shift[index] = step
    ahead, behind = (
        flatten(torch.func.grad(problem.loss)(unflatten(moved, params)))
        for moved in (theta + shift, theta - shift)
    )
    return (ahead - behind) / (2 * step)


CLAIMS = (
    Claim(
        id="0.5",
        source="S0",
        section="§3",
        quote="Hessian矩阵的计算公式为：\n\n$$\nH = \\frac{\\partial^2 L}{\\partial \\theta^2}\n$$",
        translation="The Hessian matrix is computed as H = ∂²L/∂θ².",
        predicate=(
            "Fails unless, on a smooth (tanh) classifier of spoken digits, automatic differentiation agrees "
            "with central differences of the gradient to 10⁻⁶ of the largest entry and H is symmetric to "
            "10⁻¹². Then holds if L is twice continuously differentiable, when at a ReLU's kink the gap "
            "between the two grows at least tenfold as the step shrinks a hundredfold; holds without "
            "condition when it does not."
        ),
        evidence=second_derivative,
        judge=judge_second_derivative,
        sentences={
            "holds": (
                "All {n:.0f} columns agreed with finite differences to {smooth_error:.0e} of the largest "
                "entry, asymmetry {asymmetry:.0e}, and the two also agreed at the kink of a ReLU."
            ),
            "holds if": (
                "On a tanh network all {n:.0f} columns agreed with finite differences to {smooth_error:.0e} "
                "of the largest entry, asymmetry {asymmetry:.0e}. With an utterance on the kink of a ReLU, "
                "automatic differentiation gave {kink_by_graph:.3g} for one diagonal entry and finite "
                "differences gave {kink_difference_wide:.3g} at step {kink_wide_step:.0e} and "
                "{kink_difference_narrow:.3g} at step {kink_narrow_step:.0e}: there is no second derivative "
                "to agree on."
            ),
            "fails": (
                "Automatic differentiation and finite differences differed by {smooth_error:.0e} of the "
                "largest entry on a smooth network, asymmetry {asymmetry:.0e}."
            ),
        },
        lead="Holds for twice continuously differentiable losses.",
    ),
)
