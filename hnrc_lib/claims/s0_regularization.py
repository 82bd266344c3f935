"""Claim 0.15: whether editing the Hessian sets the correction apart from L1 and L2."""

import torch

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, seeded, settled, speech_features
from hnrc_lib.curvature import HessianLinearOperator

STRENGTH = 0.05


def regularized_hessians() -> Numbers:
    """Hessian and gradient of L + (λ/2)‖θ‖² and of L + λ‖θ‖₁ against H + λI, H and ∇L.

    Taken at a trained linear softmax classifier none of whose weights is zero. Distances are relative: of
    matrices to ‖λI‖_F, of gradients to ‖λθ‖. The last two numbers are ‖∇L‖ and ‖∇L + λθ‖: where the first
    is nearly zero a damped step ends, while one on the L2 loss does not.
    """
    features, labels = speech_features(num_frames=2, n_mels=5)
    problem = SpeechProblem(seeded(torch.nn.Linear(features.shape[1], 10), 0), features, labels)
    params = settled(problem, 400)
    plain = problem.operator(params)
    l2 = HessianLinearOperator(
        lambda p: problem.loss(p) + STRENGTH / 2 * sum((v**2).sum() for v in p.values()), params
    )
    l1 = HessianLinearOperator(
        lambda p: problem.loss(p) + STRENGTH * sum(v.abs().sum() for v in p.values()), params
    )
    hessian, theta, g = plain.to_dense(), plain.flatten(params), plain.flatten(plain.gradient)
    shift = STRENGTH * torch.eye(len(theta), dtype=theta.dtype)
    size = float(torch.linalg.matrix_norm(shift))
    pull = plain.flatten(l2.gradient) - g
    return {
        "n": len(theta),
        "strength": STRENGTH,
        "smallest_weight": float(theta.abs().min()),
        "l2_to_damped": float(torch.linalg.matrix_norm(l2.to_dense() - hessian - shift)) / size,
        "l1_to_plain": float(torch.linalg.matrix_norm(l1.to_dense() - hessian)) / size,
        "l2_gradient_to_pull": float((pull - STRENGTH * theta).norm() / (STRENGTH * theta).norm()),
        "gradient_norm": float(g.norm()),
        "l2_gradient_norm": float((g + pull).norm()),
    }


def judge_regularized_hessians(numbers: Numbers) -> Verdict:
    """Which of L1 and L2 leave the Hessian as it is, to 10⁻⁹ of λI."""
    l2_edits, l1_edits = numbers["l2_to_damped"] < 1e-9, numbers["l1_to_plain"] > 1e-9
    if l2_edits and not l1_edits:
        return holds_if("the other method is L1")
    return FAILS if l2_edits or l1_edits else HOLDS


CLAIMS = (
    Claim(
        id="0.15",
        source="S0",
        section="§6, question 1",
        quote=(
            "其他正则化方法通常通过限制模型参数的范围或稀疏性来实现正则化，而Hessian逆秩1修正通过修正Hessian矩阵，从而实现正则化。"
        ),
        translation=(
            "Other regularisers (L1, L2) usually regularise by limiting the range or the sparsity of the "
            "parameters, whereas the Hessian inverse rank-1 correction regularises by correcting the "
            "Hessian matrix."
        ),
        predicate=(
            "At a trained speech classifier without zero weights: a regulariser edits the Hessian in the "
            "same way when its Hessian is H + λI to 10⁻⁹ of ‖λI‖ (L2), or differs from H by more than 10⁻⁹ "
            "(L1). Holds when neither does, holds if the other method is L1 when L2 alone does, otherwise "
            "fails."
        ),
        evidence=regularized_hessians,
        judge=judge_regularized_hessians,
        sentences={
            "holds": (
                "The Hessian of L + (λ/2)‖θ‖² lies {l2_to_damped:.2g} ‖λI‖ away from H + λI, and that of L "
                "+ λ‖θ‖₁ {l1_to_plain:.1g} ‖λI‖ away from H."
            ),
            "holds if": (
                "The Hessian of L + (λ/2)‖θ‖² is H + λI (to {l2_to_damped:.1g}): L2 edits the Hessian in "
                "the same way. L1 leaves it alone away from zero weights (to {l1_to_plain:.1g}). What sets "
                "damping apart from L2 is the gradient: where ‖∇L‖ had come down to {gradient_norm:.1e}, "
                "that of the L2 loss was still {l2_gradient_norm:.2g}, because L2 moves the minimum and "
                "damping does not."
            ),
            "fails": (
                "The Hessian of L + (λ/2)‖θ‖² is H + λI (to {l2_to_damped:.1g}) and that of L + λ‖θ‖₁ "
                "differs from H by {l1_to_plain:.1g} ‖λI‖: the others edit the Hessian too."
            ),
        },
        lead="L2 edits H in the same way, and the gradient too; L1 leaves H alone almost everywhere.",
    ),
)
