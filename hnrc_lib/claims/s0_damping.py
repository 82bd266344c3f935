"""Claims 0.4 and 0.6: what adding λI does to the rank of the inverse and to the spectrum."""

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, seeded, settled, speech_features
from hnrc_lib.linalg import rank_one_corrected_step

RELATIVE_DAMPINGS = (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2)
MARGINS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def inverse_rank() -> Numbers:
    """Numerical ranks of (H + λI)⁻¹ and of its difference from λ⁻¹I.

    The inverse is formed for the Hessian of a tanh perceptron, untrained and trained, at six λ that lie above
    −h_min by 10⁻³ to 10² of the largest |eigenvalue|. The difference from λ⁻¹I is measured where rank H is
    known by construction: a linear softmax classifier on 20 utterances, rank H = 9 · 20. The last two numbers
    are the same ranks for the rank-one corrected inverse of ``hnrc_lib.linalg``, the reading that the book
    calls HNRC, with the gradient as the direction kept.
    """
    features, labels = speech_features()
    network = SpeechProblem(perceptron(features.shape[1], 6), features, labels)
    ranks: list[int] = []
    for params in (network.params(), settled(network)):
        ranks += _inverse_ranks(network.operator(params).to_dense())
    few, said = speech_features(num_utterances=20)
    operator = SpeechProblem(seeded(torch.nn.Linear(few.shape[1], 10), 1), few, said).operator()
    linear, g = operator.to_dense(), operator.flatten(operator.gradient)
    damping, identity = float(torch.linalg.matrix_norm(linear, 2)), _identity(linear)
    kept = torch.stack(
        [rank_one_corrected_step(linear @ g, g, column, damping).solution for column in identity], dim=1
    )
    return {
        "n": network.operator().shape[0],
        "num_matrices": len(ranks),
        "smallest_rank": min(ranks),
        "largest_rank": max(ranks),
        "linear_n": len(linear),
        "hessian_rank": _rank(linear),
        "correction_rank": _rank(torch.linalg.inv(linear + damping * identity) - identity / damping),
        "kept_inverse_rank": _rank(kept),
        "kept_correction_rank": _rank(kept - identity / damping),
    }


def judge_inverse_rank(numbers: Numbers) -> Verdict:
    """Holds iff every inverse has rank one."""
    return HOLDS if numbers["smallest_rank"] == numbers["largest_rank"] == 1 else FAILS


def spectrum_shift() -> Numbers:
    """How far the eigenvalues of H + λI lie from hᵢ + λ, and on which side of −h_min Cholesky succeeds.

    H is the exact Hessian of an untrained tanh perceptron. The shift is measured on the operator that the
    library's optimisers use (``HessianLinearOperator.damped``). Cholesky, which needs positive definiteness,
    is tried at λ = −h_min ± m·max|h| for six margins m from 10⁻¹ to 10⁻⁶.
    """
    features, labels = speech_features()
    operator = SpeechProblem(perceptron(features.shape[1], 6), features, labels).operator()
    hessian = operator.to_dense()
    eigenvalues = torch.linalg.eigvalsh(hessian)
    scale, threshold = float(eigenvalues.abs().max()), -float(eigenvalues[0])
    errors = []
    for relative in RELATIVE_DAMPINGS:
        damped = torch.linalg.eigvalsh(operator.damped(relative * scale).to_dense())
        errors.append(float((damped - eigenvalues - relative * scale).abs().max()) / (scale * (1 + relative)))
    above = [_positive_definite(hessian, threshold + margin * scale) for margin in MARGINS]
    below = [_positive_definite(hessian, threshold - margin * scale) for margin in MARGINS]
    return {
        "n": len(hessian),
        "smallest_eigenvalue": float(eigenvalues[0]),
        "largest_eigenvalue": float(eigenvalues[-1]),
        "num_negative": int((eigenvalues < -1e-12 * scale).sum()),
        "threshold": threshold,
        "shift_error": max(errors),
        "num_margins": len(MARGINS),
        "definite_above": sum(above),
        "definite_below": sum(below),
    }


def judge_spectrum_shift(numbers: Numbers) -> Verdict:
    """The shift to 10⁻¹⁰, positive definite above −h_min at every margin and below at none."""
    shifted = numbers["shift_error"] < 1e-10
    split = numbers["definite_above"] == numbers["num_margins"] and numbers["definite_below"] == 0
    if not (shifted and split):
        return FAILS
    return holds_if("λ > −h_min(H)") if numbers["smallest_eigenvalue"] < 0 else HOLDS


def _inverse_ranks(hessian: Tensor) -> list[int]:
    """Rank of (H + λI)⁻¹ at each λ."""
    eigenvalues = torch.linalg.eigvalsh(hessian)
    threshold, scale = max(0.0, -float(eigenvalues[0])), float(eigenvalues.abs().max())
    dampings = [threshold + relative * scale for relative in RELATIVE_DAMPINGS]
    return [_rank(torch.linalg.inv(hessian + damping * _identity(hessian))) for damping in dampings]


def _identity(matrix: Tensor) -> Tensor:
    return torch.eye(len(matrix), dtype=matrix.dtype)


def _rank(matrix: Tensor) -> int:
    """Singular values above n·ε·σ_max, counted."""
    return int(torch.linalg.matrix_rank(matrix))


def _positive_definite(hessian: Tensor, damping: float) -> bool:
    return int(torch.linalg.cholesky_ex(hessian + damping * _identity(hessian)).info) == 0


CLAIMS = (
    Claim(
        id="0.4",
        source="S0",
        section="§3, step 2",
        quote="对Hessian矩阵进行修正，使其逆秩为1。",
        translation="Correct the Hessian matrix so that its inverse has rank 1.",
        predicate=(
            "Holds iff (H + λI)⁻¹ has numerical rank 1 for the Hessian of a perceptron on spoken digits, "
            "untrained and trained, at every one of six λ above −h_min; otherwise fails."
        ),
        evidence=inverse_rank,
        judge=judge_inverse_rank,
        sentences={
            "holds": "All {num_matrices:.0f} inverses (H + λI)⁻¹ of size {n:.0f} had rank 1.",
            "fails": (
                "All {num_matrices:.0f} inverses (H + λI)⁻¹ of size {n:.0f} had a rank of at least "
                "{smallest_rank:.0f}. What has a lower rank is the change against λ⁻¹I: "
                "{correction_rank:.0f}, where H has rank {hessian_rank:.0f} and {linear_n:.0f} rows. When "
                "only the curvature along one direction is kept, that change has rank "
                "{kept_correction_rank:.0f} and the inverse {kept_inverse_rank:.0f}."
            ),
        },
        lead="Full rank; (H+λI)⁻¹ − λ⁻¹I has the rank of H; rank one only when one direction is kept.",
    ),
    Claim(
        id="0.6",
        source="S0",
        section="§3",
        quote="Hessian逆秩1修正的修正公式为：\n\n$$\n\\tilde{H} = H + \\lambda I\n$$",
        translation="The formula of the Hessian inverse rank-1 correction is: H̃ = H + λI.",
        predicate=(
            "Fails unless the eigenvalues of H + λI are those of H plus λ (to 10⁻¹⁰ of the largest) and "
            "Cholesky succeeds at every λ tried above −h_min and at none below. Then it holds where h_min ≥ "
            "0, and holds if λ > −h_min where h_min < 0."
        ),
        evidence=spectrum_shift,
        judge=judge_spectrum_shift,
        sentences={
            "holds": (
                "Adding λI moved all {n:.0f} eigenvalues by λ (error {shift_error:.0e}); the smallest of H "
                "was {smallest_eigenvalue:.4f}, so that every positive λ gave a positive definite matrix."
            ),
            "holds if": (
                "Adding λI moved all {n:.0f} eigenvalues by λ (error {shift_error:.0e}). {num_negative:.0f} "
                "of them are negative, the smallest {smallest_eigenvalue:.4f}: H + λI was positive definite "
                "at {definite_above:.0f} of {num_margins:.0f} values of λ above {threshold:.4f} and at "
                "{definite_below:.0f} of {num_margins:.0f} below."
            ),
            "fails": (
                "Adding λI moved the eigenvalues by λ up to an error of {shift_error:.0e}; H + λI was "
                "positive definite at {definite_above:.0f} of {num_margins:.0f} values of λ above −h_min "
                "and at {definite_below:.0f} below."
            ),
        },
        lead="The spectrum shifts by λ; positive definite iff λ > −h_min.",
    ),
)
