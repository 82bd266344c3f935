"""Claim 1.11: whether SGD and momentum are simplified second-order methods."""

from collections.abc import Callable

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, seeded, settled, speech_features
from hnrc_lib.linalg import nystrom
from hnrc_lib.linalg.operators import DenseOperator

RANK = 8
DAMPING = 1e-3
ISOTROPIC = 0.01


def curvature_used() -> Numbers:
    """The matrix P by which each method multiplies a gradient: its shape, and κ(PH)/κ(H).

    H is the Hessian of a softmax classifier of spoken digits, positive definite, with λ = 10⁻³ of its largest
    eigenvalue added. P of SGD and momentum is read off torch's own optimisers, from gradients held constant.
    The others: the diagonal of H, its Kronecker factors E[xxᵀ] ⊗ E[diag(p) − ppᵀ], BFGS after at most n exact
    line searches, the eight directions of HNRC, and Newton. The shape is ‖P − (tr P/n) I‖/‖P‖, zero for a
    method that multiplies by a number.
    """
    features, labels = speech_features(num_utterances=200)
    middle = features[:, 6:12]  # the second of four parts of the word
    problem = SpeechProblem(seeded(ReferenceClass(middle.shape[1]), 0), middle, labels)
    params = settled(problem, 5)
    hessian = problem.operator(params).to_dense()
    scale = float(torch.linalg.matrix_norm(hessian, 2))
    damped = hessian + DAMPING * scale * torch.eye(len(hessian), dtype=hessian.dtype)
    inverses = {
        "sgd": _applied(lambda p: torch.optim.SGD([p], lr=0.1), len(damped)),
        "momentum": _applied(lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9), len(damped)),
        "diagonal": torch.diag(1 / damped.diagonal()),
        "kronecker": torch.linalg.inv(_kronecker(problem, params) + DAMPING * scale * torch.eye(len(damped))),
        "bfgs": _bfgs(damped),
        "low_rank": _low_rank(hessian, DAMPING * scale),
        "newton": torch.linalg.inv(damped),
    }
    condition = _condition(damped, torch.eye(len(damped), dtype=damped.dtype))
    numbers = {name: _condition(damped, inverse) / condition for name, inverse in inverses.items()}
    shapes = {name: _shape(inverse) for name, inverse in inverses.items()}
    others = min(shape for name, shape in shapes.items() if name not in ("sgd", "momentum"))
    numbers |= {"sgd_shape": shapes["sgd"], "momentum_shape": shapes["momentum"], "other_shape": others}
    return {"n": len(damped), "condition": condition, **numbers}


def judge_curvature_used(numbers: Numbers) -> Verdict:
    """A shape above 0.01 uses curvature; the test tells only if all others have one."""
    sgd, momentum = (numbers[f"{name}_shape"] > ISOTROPIC for name in ("sgd", "momentum"))
    if sgd and momentum:
        return HOLDS
    if not (sgd or momentum) or numbers["other_shape"] <= ISOTROPIC:
        return FAILS
    return holds_if("momentum alone is meant" if momentum else "SGD alone is meant")


def _shape(inverse: Tensor) -> float:
    """How far a matrix is from a multiple of the identity, relative to its own size."""
    mean = torch.diag(inverse.diagonal().mean().expand(len(inverse)))
    return float((inverse - mean).norm() / inverse.norm())


def _applied(make: Callable[[Tensor], torch.optim.Optimizer], size: int) -> Tensor:
    """The matrix that an optimiser multiplies a constant gradient with, column by column, after 300 steps."""
    parameter = torch.zeros(size, size, dtype=torch.float64, requires_grad=True)
    optimizer = make(parameter)
    before = parameter.detach().clone()
    for _ in range(300):
        before = parameter.detach().clone()
        parameter.grad = torch.eye(size, dtype=torch.float64)
        optimizer.step()
    return before - parameter.detach()


def _kronecker(problem: SpeechProblem, params: dict[str, Tensor]) -> Tensor:
    """E[diag(p) − ppᵀ] ⊗ E[x̃x̃ᵀ] in the order of the parameters: weights row by row, then biases."""
    x = torch.cat([problem.features, torch.ones(len(problem.features), 1, dtype=torch.float64)], dim=1)
    scores = torch.func.functional_call(problem.model, params, (problem.features,))
    p = scores.softmax(dim=1)[:, :-1]
    outputs = torch.diag(p.mean(0)) - p.T @ p / len(p)
    product = torch.kron(outputs, x.T @ x / len(x))
    inputs, classes = x.shape[1], p.shape[1]
    rows = torch.arange(inputs * classes).reshape(classes, inputs)
    order = torch.cat([rows[:, :-1].flatten(), rows[:, -1]])
    return product[order][:, order]


def _bfgs(hessian: Tensor) -> Tensor:
    """The inverse that BFGS has after n exact line searches on ½ xᵀHx, from the identity."""
    size = len(hessian)
    identity = torch.eye(size, dtype=hessian.dtype)
    inverse, g = identity, hessian.sum(1)
    for _ in range(size):
        p = -inverse @ g
        step = -(g @ p) / (p @ hessian @ p) * p
        change = hessian @ step
        scale = 1 / (change @ step)
        side = identity - scale * torch.outer(step, change)
        inverse = side @ inverse @ side.T + scale * torch.outer(step, step)
        g = g + change
        if float(g.norm()) < 1e-12 * float(hessian.norm()):
            break
    return inverse


def _low_rank(hessian: Tensor, damping: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    approximation = nystrom(DenseOperator(hessian), RANK, generator=generator)
    return approximation.inverse(damping).to_dense()


def _condition(hessian: Tensor, inverse: Tensor) -> float:
    """κ of P^(1/2) H P^(1/2), whose eigenvalues are those of PH."""
    root = torch.linalg.cholesky((inverse + inverse.T) / 2)
    h = torch.linalg.eigvalsh(root.T @ hessian @ root)
    return float(h[-1] / h[0])


CLAIMS = (
    Claim(
        id="1.11",
        source="S1",
        section="§6, question 3",
        quote=(
            "是的，有一些简化算法，如随机梯度下降（Stochastic Gradient Descent，SGD）和动量法（Momentum）等，"
            "这些算法通过使用随机梯度或动量来减少计算复杂性。"
        ),
        translation=(
            "Yes, there are simplified algorithms such as stochastic gradient descent (SGD) and momentum, "
            "which reduce the computational complexity by using stochastic gradients or momentum."
        ),
        predicate=(
            "A simplified second-order method still multiplies the gradient by a matrix P that the "
            "curvature shapes: ‖P − (tr P/n)I‖ > 0.01 ‖P‖. Holds iff SGD and momentum both do; holds if "
            "one alone is meant; fails if neither does. The diagonal, Kronecker factors, BFGS, eight "
            "directions and Newton must all pass, or the test could not tell."
        ),
        evidence=curvature_used,
        judge=judge_curvature_used,
        sentences={
            "holds": (
                "P differed from a multiple of the identity by {sgd_shape:.1e} for SGD, "
                "{momentum_shape:.1e} for momentum and at least {other_shape:.2f} for the others."
            ),
            "holds if": (
                "P differed from a multiple of the identity by {sgd_shape:.1e} for SGD, "
                "{momentum_shape:.1e} for momentum and at least {other_shape:.2f} for the others."
            ),
            "fails": (
                "On a Hessian of size {n:.0f} with κ = {condition:.0f}, P differed from a multiple of the "
                "identity by {sgd_shape:.0e} for SGD, {momentum_shape:.0e} for momentum and at least "
                "{other_shape:.2f} for the others. κ(PH)/κ(H) was {sgd:.2f} and {momentum:.2f}, for the "
                "diagonal of H {diagonal:.2f}, for BFGS {bfgs:.2f}, for Kronecker factors "
                "{kronecker:.3f}, for Newton {newton:.4f}; for eight directions {low_rank:.2f}, as what "
                "they leave out is damped by λ alone."
            ),
        },
        lead="Fails: neither uses curvature; quasi-Newton, Gauss–Newton, diagonal and Kronecker forms do.",
        revised=(
            "A first test asked for a condition number of PH below 0.99 of H's. It called eight kept "
            "directions no curvature, and was replaced. SGD and momentum fail both."
        ),
    ),
)
