"""Claim 1.9: what it costs to invert a Hessian, in time and in digits."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features

CONDITION_NUMBERS = (1e1, 1e3, 1e5)
NUM_ROWS, NUM_COLUMNS = 60, 12


def inverse_of_a_hessian() -> Numbers:
    """Digits lost to the condition number, time spent on the inverse, and what damping leaves of both.

    The Hessian XᵀX of a regression whose X has singular values in geometric progression, and whose solution
    is known: relative error of inv(XᵀX) Xᵀy, and of a QR factorisation of X, in float32 and float64, the
    median of five draws. For the indefinite Hessian of a tanh perceptron on spoken digits: the processor time
    of its damped inverse over that of one product, and the condition number of H + λI, the worst of 99 λ
    below −h_min, and at twice and ten times that threshold.
    """
    numbers: dict[str, float] = {}
    for bits, dtype in ((32, torch.float32), (64, torch.float64)):
        for exponent, condition in zip((1, 3, 5), CONDITION_NUMBERS, strict=True):
            inverse, factored = _errors(condition, dtype)
            numbers[f"inverse_{bits}_{exponent}"] = inverse
            numbers[f"qr_{bits}_{exponent}"] = factored
    features, labels = speech_features()
    hessian = SpeechProblem(perceptron(features.shape[1], 6), features, labels).operator().to_dense()
    h = torch.linalg.eigvalsh(hessian)
    threshold = -float(h[0])
    return numbers | {
        "lost_64": numbers["inverse_64_5"] / numbers["inverse_64_1"],
        "inverse_to_product": _inverse_to_product(hessian + 2 * threshold * torch.eye(len(h), dtype=h.dtype)),
        "n": len(h),
        "threshold": threshold,
        "undamped": _condition(h),
        "below": max(_condition(h + share / 100 * threshold) for share in range(1, 100)),
        "twice": _condition(h + 2 * threshold),
        "ten_times": _condition(h + 10 * threshold),
        "bound_ten_times": (float(h[-1]) + 10 * threshold) / (9 * threshold),
    }


def judge_inverse(numbers: Numbers) -> Verdict:
    """Costly: 10 products or more. Unstable: a factor of 100 or more in the error for 10⁴ in κ(X)."""
    costly, unstable = numbers["inverse_to_product"] >= 10, numbers["lost_64"] >= 100
    if costly and unstable:
        return HOLDS
    if not costly and not unstable:
        return FAILS
    return holds_if("cost is meant") if costly else holds_if("stability is meant")


def regression_of_condition(condition: float, *, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """X of a given condition number, the solution θ, and y = Xθ, all in float64.

    Args:
        condition: κ(X) ≥ 1.
        seed: of the random directions.
    """
    generator = torch.Generator().manual_seed(seed)
    left, right = (
        torch.linalg.qr(torch.randn(rows, NUM_COLUMNS, generator=generator, dtype=torch.float64))[0]
        for rows in (NUM_ROWS, NUM_COLUMNS)
    )
    singular = torch.logspace(0, -math.log10(condition), NUM_COLUMNS, dtype=torch.float64)
    X, theta = left * singular @ right.T, torch.ones(NUM_COLUMNS, dtype=torch.float64)
    return X, theta, X @ theta


def _errors(condition: float, dtype: torch.dtype) -> tuple[float, float]:
    """Median over seeds of the relative error by the inverse of XᵀX and by QR; infinity is cut at 10⁶."""
    rows = []
    for seed in range(5):
        X, theta, y = regression_of_condition(condition, seed=seed)
        A, b = X.to(dtype), y.to(dtype)
        inverse = torch.linalg.inv_ex(A.T @ A).inverse @ (A.T @ b)
        factored = torch.linalg.lstsq(A, b.unsqueeze(1), driver="gels").solution.squeeze(1)
        rows.append([float((found.double() - theta).norm() / theta.norm()) for found in (inverse, factored)])
    median = torch.tensor(rows).nan_to_num(1e6, 1e6).clamp(max=1e6).median(dim=0).values
    return float(median[0]), float(median[1])


def _inverse_to_product(matrix: Tensor) -> float:
    """Processor time of an inverse over that of a product with one vector, each the least of some tries."""
    vector = torch.ones(len(matrix), dtype=matrix.dtype)
    inverse = min(_seconds(lambda: torch.linalg.inv(matrix), 1) for _ in range(3))
    return inverse / min(_seconds(lambda: matrix @ vector, 50) for _ in range(3))


def _seconds(task: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        task()
    return max(time.process_time() - start, 1e-9) / times


def _condition(eigenvalues: Tensor) -> float:
    magnitudes = eigenvalues.abs()
    return min(float(magnitudes.max() / magnitudes.min()), 1e300)


CLAIMS = (
    Claim(
        id="1.9",
        source="S1",
        section="§3.1, step 3",
        quote=(
            "求解Hessian矩阵的逆：为了得到参数更新的估计，我们需要求解Hessian矩阵的逆。"
            "这一步骤可能会遇到计算复杂度和稳定性等问题，因此需要使用合适的方法来解决。"
        ),
        translation=(
            "Invert the Hessian: to estimate the update we need the inverse of the Hessian. This step may "
            "meet problems of computational complexity and stability, so that a suitable method must be "
            "used."
        ),
        predicate=(
            "Costly iff the inverse of a perceptron's Hessian takes at least 10 times the processor time "
            "of one product with it. Unstable iff the error of inv(XᵀX)Xᵀy in float64 grows at least "
            "100-fold when κ(X) grows from 10 to 10⁵. Holds iff both; holds if one alone is meant; fails "
            "if neither."
        ),
        evidence=inverse_of_a_hessian,
        judge=judge_inverse,
        sentences={
            "holds": (
                "Inverting a Hessian of size {n:.0f} took the time of {inverse_to_product:.0f} products. "
                "From κ(X) = 10 to 10⁵ the relative error of inv(XᵀX)Xᵀy grew from {inverse_64_1:.0e} to "
                "{inverse_64_5:.0e} in float64, that of QR to {qr_64_5:.0e}; in float32 they reached "
                "{inverse_32_5:.0e} and {qr_32_5:.0e}. Damping is a remedy above −h_min = "
                "{threshold:.3f}: κ(H + λI) was {undamped:.1e} at λ = 0, up to {below:.1e} at 99 values "
                "below the threshold, {twice:.0f} at twice and {ten_times:.1f} at ten times it."
            ),
            "holds if": (
                "Inverting a Hessian of size {n:.0f} took the time of {inverse_to_product:.1f} products, "
                "and the error of inv(XᵀX)Xᵀy grew {lost_64:.1e}-fold from κ(X) = 10 to 10⁵."
            ),
            "fails": (
                "Inverting a Hessian of size {n:.0f} took the time of {inverse_to_product:.1f} products, "
                "and the error of inv(XᵀX)Xᵀy grew no more than {lost_64:.1e}-fold from κ(X) = 10 to 10⁵."
            ),
        },
        lead="Holds; damping bounds the condition number only if λ > −h_min.",
    ),
)
