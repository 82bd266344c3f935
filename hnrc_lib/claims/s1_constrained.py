"""The constrained problem of S1 §3.3, which is said to have Newton's step for its solution."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, seeded, speech_features
from hnrc_lib.curvature import flatten, unflatten

NUM_ORIGINS = 20


@dataclass(frozen=True)
class ConstrainedStep:
    """The solution of S1's problem.

    Attributes:
        step: Δ, shape (n,).
        multiplier: μ of the constraint, from the same linear system.
        scale: gᵀx/(gᵀH⁻¹g), which μ equals: Δ is μ times Newton's step.
    """

    step: Float[Tensor, " n"]
    multiplier: float
    scale: float


def constrained_step(
    hessian: Float[Tensor, "n n"], gradient: Float[Tensor, " n"], position: Float[Tensor, " n"]
) -> ConstrainedStep:
    """Solve S1's problem by its own conditions of optimality.

        min ½ ΔᵀHΔ  subject to  gᵀΔ = −gᵀx;    [H g; gᵀ 0] [Δ; μ] = [0; −gᵀx],
        so that Δ = −μ H⁻¹g  with  μ = gᵀx/(gᵀH⁻¹g)

    The source gives Δ = −H⁻¹g, which is right only where μ = 1. The objective has no slope, so that the
    constraint alone moves Δ; and x stands for itself in it, so that Δ depends on where the origin lies and
    points uphill where gᵀx < 0 (H ≻ 0). On ½ xᵀHx the two agree at every x, since there g = Hx.

    Args:
        hessian: H, symmetric positive definite (n, n).
        gradient: g, shape (n,), not zero.
        position: x, shape (n,).

    Returns:
        The step, its multiplier, and the multiplier by the formula.

    Raises:
        ValueError: H is not positive definite, or g is zero, where the problem has no single solution.

    >>> H, g, x = torch.eye(2), torch.tensor([1.0, 0.0]), torch.tensor([-3.0, 5.0])
    >>> constrained_step(H, g, x)  # three times as far as Newton, and uphill
    ConstrainedStep(step=tensor([3., 0.]), multiplier=-3.0, scale=-3.0)
    """
    factor, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed):
        raise ValueError("hessian must be positive definite, but its Cholesky factorisation fails")
    if not bool(gradient.any()):
        raise ValueError("gradient must not be zero, got zeros")
    size = len(gradient)
    system = hessian.new_zeros(size + 1, size + 1)
    system[:size, :size] = hessian
    system[:size, size] = system[size, :size] = gradient
    right = hessian.new_zeros(size + 1)
    right[size] = -(gradient @ position)
    solution = torch.linalg.solve(system, right)
    newton = torch.cholesky_solve(gradient.unsqueeze(1), factor).squeeze(1)
    return ConstrainedStep(
        step=solution[:size],
        multiplier=float(solution[size]),
        scale=float(gradient @ position) / float(gradient @ newton),
    )


def constrained_steps() -> Numbers:
    """The printed problem at one point of a speech loss, with the origin put in twenty places.

    L is that of a linear softmax classifier whose last score is fixed, so that H is positive definite. An
    origin c makes the parameters x = θ − c: L, g, H at the point stay what they are, and x changes. Then the
    same problem on ½ xᵀHx, where g = Hx.
    """
    features, labels = speech_features()
    problem = SpeechProblem(seeded(ReferenceClass(features.shape[1]), 0), features, labels)
    params, operator = problem.params(), problem.operator()
    hessian, g, theta = operator.to_dense(), operator.flatten(operator.gradient), flatten(params)
    newton = -torch.linalg.solve(hessian, g)
    generator = torch.Generator().manual_seed(0)
    origins = torch.randn(NUM_ORIGINS, len(g), generator=generator, dtype=torch.float64)
    origins[0] = 0.0  # as the parameters come
    found = [constrained_step(hessian, g, theta - origin) for origin in origins]
    multipliers = [step.multiplier for step in found]
    lines = [_distance(step.step, step.multiplier * newton) for step in found]
    bowl = constrained_step(hessian, hessian @ theta, theta)
    losses = [float(problem.loss(unflatten(theta + step, params))) for step in (newton, found[0].step)]
    return {
        "n": len(g),
        "num_origins": NUM_ORIGINS,
        "smallest_eigenvalue": float(torch.linalg.eigvalsh(hessian)[0]),
        "off_newtons_line": max(lines),
        "multiplier": multipliers[0],
        "smallest_multiplier": min(multipliers),
        "largest_multiplier": max(multipliers),
        "num_uphill": sum(float(g @ step.step) > 0 for step in found),
        "farthest_from_newton": max(_distance(step.step, newton) for step in found),
        "bowl_multiplier": bowl.multiplier,
        "loss": float(operator.value),
        "loss_after_newton": losses[0],
        "loss_after_solution": losses[1],
    }


def judge_constrained_steps(numbers: Numbers) -> Verdict:
    """Holds iff the solution is −H⁻¹g, to a relative 10⁻⁶, wherever the origin lies."""
    return HOLDS if numbers["farthest_from_newton"] < 1e-6 else FAILS


def _distance(step: Tensor, newton: Tensor) -> float:
    return float((step - newton).norm() / newton.norm())


CLAIMS = (
    Claim(
        id="1.5",
        source="S1",
        section="§3.3",
        quote=(
            "$$\n\\min_{\\Delta x} \\frac{1}{2} \\Delta x^T \\nabla^2 f(x) \\Delta x \\quad s.t. "
            "\\nabla f(x)^T \\Delta x = - \\nabla f(x)^T x\n$$\n\n解决这个优化问题可以得到参数更新的估计："
            "\n\n$$\n\\Delta x = - (\\nabla^2 f(x))^{-1} \\nabla f(x)\n$$"
        ),
        translation=(
            "Minimise ½ Δxᵀ∇²f(x)Δx over Δx subject to ∇f(x)ᵀΔx = −∇f(x)ᵀx. Solving this optimisation "
            "problem gives the estimate of the update of the parameters: Δx = −(∇²f(x))⁻¹∇f(x)."
        ),
        predicate=(
            "Holds iff, at a point of a speech loss with a positive definite Hessian, the solution of the "
            "printed problem differs from −H⁻¹g by less than 10⁻⁶ of its length for each of 20 origins of "
            "the parameters; otherwise fails."
        ),
        evidence=constrained_steps,
        judge=judge_constrained_steps,
        sentences={
            "holds": (
                "For all {num_origins:.0f} origins the solution was −H⁻¹g, to {farthest_from_newton:.0e} of "
                "its length."
            ),
            "fails": (
                "The solution was μ times −H⁻¹g, to {off_newtons_line:.0e}, with μ = gᵀx/(gᵀH⁻¹g) = "
                "{multiplier:.2f} as the parameters come and from {smallest_multiplier:.1f} to "
                "{largest_multiplier:.1f} over {num_origins:.0f} origins, for {num_uphill:.0f} of which it "
                "points uphill. On ½xᵀHx, where g = Hx, μ = {bowl_multiplier:.3f}."
            ),
        },
        lead="−μH⁻¹g with μ = gᵀx/(gᵀH⁻¹g); on ½xᵀHx the test would wrongly pass.",
    ),
)
