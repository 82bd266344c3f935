"""Claims 4.3 and 4.16: the sign of S4's gradient, and whether a clipped gradient is that of any loss."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.optim.clipping import clip_by_global_norm, clip_by_value

DIGIT, RATE, NUM_UPDATES = 7, 0.5, 20
NUM_FRAMES, N_MELS, NUM_HIDDEN, NUM_UTTERANCES = 2, 3, 4, 60

Vector = Float[Tensor, "parameter"]


def one_digit(num_utterances: int = 200) -> tuple[Tensor, Tensor]:
    """Features with a constant (N, 25), and 1 where the digit is a seven, 0 elsewhere (N,)."""
    features, labels = speech_features(num_utterances=num_utterances)
    return F.pad(features, (0, 1), value=1.0), (labels == DIGIT).double()


def printed_gradient(weights: Tensor, features: Tensor, targets: Tensor, answer: Callable) -> Tensor:
    """Σ(yᵢ − f_w(xᵢ))xᵢ as printed, f_w the answer to wᵀx, over N so that the rate does not grow with N."""
    return features.T @ (targets - answer(features @ weights)) / len(targets)


def signs() -> Numbers:
    """The printed sum against autograd for the two losses it can belong to, and twenty updates with it."""
    features, targets = one_digit()
    losses = {
        "squared": (lambda z: z, lambda w: 0.5 * (features @ w - targets).square().mean()),
        "logistic": (
            torch.sigmoid,
            lambda w: F.binary_cross_entropy_with_logits(features @ w, targets),
        ),
    }
    start = 0.1 * torch.randn(features.shape[1], generator=torch.Generator().manual_seed(0)).double()
    rates = {"squared": RATE / float(torch.linalg.matrix_norm(features, 2) ** 2 / len(features))}
    rates["logistic"] = 4 * rates["squared"]  # σ' ≤ 1/4
    numbers: dict[str, float] = {"num_updates": NUM_UPDATES}
    for name, (answer, loss) in losses.items():
        leaf = start.clone().requires_grad_()
        (true,) = torch.autograd.grad(loss(leaf), leaf)
        printed = printed_gradient(start, features, targets, answer)
        numbers |= {
            f"{name}_same": float((printed - true).norm() / true.norm()),
            f"{name}_negative": float((printed + true).norm() / true.norm()),
            f"{name}_start": float(loss(start)),
        }
        for way, sign in (("printed", -1.0), ("reversed", 1.0)):
            weights = start
            for _ in range(NUM_UPDATES):
                slope = printed_gradient(weights, features, targets, answer)
                weights = weights + sign * rates[name] * slope
            numbers[f"{name}_{way}"] = float(loss(weights))
    return numbers


def judge_signs(numbers: Numbers) -> Verdict:
    """The sum must be the gradient of one of the two losses, or the negative one."""
    if min(numbers["squared_same"], numbers["logistic_same"]) < 1e-9:
        return HOLDS
    if min(numbers["squared_negative"], numbers["logistic_negative"]) < 1e-9:
        return holds_if("its sign is reversed")
    return FAILS


def small_problem() -> tuple[Callable[[Vector], Tensor], Vector]:
    """The loss of a perceptron of digits as a function of one vector, and the starting point."""
    features, labels = speech_features(num_frames=NUM_FRAMES, n_mels=N_MELS, num_utterances=NUM_UTTERANCES)
    problem = SpeechProblem(perceptron(features.shape[1], NUM_HIDDEN), features, labels)
    params = problem.params()
    sizes = [value.numel() for value in params.values()]

    def loss(theta: Vector) -> Tensor:
        parts = theta.split(sizes)
        return problem.loss({n: p.view_as(v) for p, (n, v) in zip(parts, params.items(), strict=True)})

    return loss, torch.cat([value.flatten() for value in params.values()])


def slope_at(loss: Callable[[Vector], Tensor], theta: Vector) -> Vector:
    """∇L."""
    leaf = theta.clone().requires_grad_()
    return torch.autograd.grad(loss(leaf), leaf)[0]


def derivatives(loss: Callable[[Vector], Tensor], theta: Vector) -> tuple[Vector, Float[Tensor, "n n"]]:
    """∇L and H, a row at a time."""
    leaf = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
    rows = [torch.autograd.grad(entry, leaf, retain_graph=True)[0] for entry in slope]
    return slope.detach(), torch.stack(rows)


def asymmetry(matrix: Float[Tensor, "n n"]) -> float:
    """‖J − Jᵀ‖/‖J + Jᵀ‖, 0 of a symmetric matrix and 1 or so of one without symmetry."""
    return float((matrix - matrix.T).norm() / (matrix + matrix.T).norm())


def jacobian_of_clipped(hessian: Tensor, gradient: Vector, rule: str, threshold: float) -> Tensor:
    """∂clip(g)/∂θ = C·H, C = D by value (1 where |g_i| < v) and (c/‖g‖)(I − ĝĝᵀ) by norm."""
    if rule == "value":
        return (gradient.abs() < threshold).to(hessian).unsqueeze(1) * hessian
    norm = gradient.norm()
    unit = gradient / norm
    return threshold / norm * (hessian - torch.outer(unit, unit @ hessian))


def potentials() -> Numbers:
    """Asymmetry of the Jacobians of ∇L and of clipped ∇L; in one dimension, distance to Huber's function.

    The thresholds are half of the norm, and the median of the entries' sizes. The distance is between the
    integral of clip(r, −1, 1), by Simpson's rule, and Huber's function, the largest over |r| ≤ 4.
    """
    loss, theta = small_problem()
    gradient, hessian = derivatives(loss, theta)
    value, norm = float(gradient.abs().median()), float(gradient.norm()) / 2
    middle = torch.linspace(-4, 4, 8001, dtype=torch.float64)
    (clipped,) = clip_by_value([middle], 1.0)
    area = torch.cumulative_trapezoid(clipped, middle)
    huber = F.huber_loss(middle, torch.zeros_like(middle), reduction="none")
    return {
        "num_parameters": len(theta),
        "plain": asymmetry(hessian),
        "value": asymmetry(jacobian_of_clipped(hessian, gradient, "value", value)),
        "norm": asymmetry(jacobian_of_clipped(hessian, gradient, "norm", norm)),
        "huber_error": float((huber[0] + area - huber[1:]).abs().max()),
    }


def circulation(rule: str, size: float = 0.3, num_points: int = 80) -> float:
    """∮ clip(∇L)·dθ around a circle about the starting point, over the same integral of its absolute value.

    Args:
        rule: ``"none"``, ``"value"`` or ``"norm"``, with the thresholds of ``potentials``.
        size: radius of the circle, in a plane drawn at random.
        num_points: equally spaced, which is exact to round-off for a smooth field.
    """
    loss, theta = small_problem()
    axes = torch.randn(len(theta), 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first, second = torch.linalg.qr(axes)[0].T
    start = slope_at(loss, theta)
    limits = {"value": float(start.abs().median()), "norm": float(start.norm()) / 2}
    total = extent = 0.0
    for angle in torch.arange(num_points, dtype=torch.float64) * (2 * torch.pi / num_points):
        point = theta + size * (angle.cos() * first + angle.sin() * second)
        slope = slope_at(loss, point)
        if rule != "none":
            clip = clip_by_value if rule == "value" else clip_by_global_norm
            (slope,) = clip([slope], limits[rule])
        along = float(slope @ (angle.cos() * second - angle.sin() * first))
        total, extent = total + along, extent + abs(along)
    return total / extent


def judge_potentials(numbers: Numbers) -> Verdict:
    """A gradient of something has a symmetric Jacobian."""
    if max(numbers["value"], numbers["norm"]) < 1e-6:
        return HOLDS
    return holds_if("there is one parameter") if numbers["huber_error"] < 1e-5 else FAILS


CLAIMS = (
    Claim(
        id="4.3",
        source="S4",
        section="§3.1",
        quote=r"其中，$\nabla_{w} L$ 是损失函数的梯度",
        translation="Here ∇_w L [printed as Σ(yᵢ − f_w(xᵢ))xᵢ] is the gradient of the loss function.",
        predicate=(
            "The sum against autograd for half the squared error of f = wᵀx and for the logistic loss of "
            "f = σ(wᵀx), on spoken digits: holds iff it is the gradient of one to 10⁻⁹; holds if the sign is "
            "reversed where it is the negative gradient to 10⁻⁹; fails otherwise."
        ),
        evidence=signs,
        judge=judge_signs,
        sentences={
            "holds": (
                "The sum differs from the gradient of half the squared error by {squared_same:.1e} of its "
                "length and from that of the logistic loss by {logistic_same:.1e}."
            ),
            "holds if": (
                "The sum is the negative gradient of half the squared error (difference "
                "{squared_negative:.0e}) and of the logistic loss ({logistic_negative:.0e}). The printed "
                "update subtracts it and so ascends: {num_updates:.0f} updates took the logistic loss from "
                "{logistic_start:.2f} to {logistic_printed:.2f}, with the sign reversed to "
                "{logistic_reversed:.2f}."
            ),
            "fails": (
                "The sum is the gradient of neither loss, and not its negative: differences from the "
                "negative {squared_negative:.1e} and {logistic_negative:.1e}."
            ),
        },
        lead="−∇ of ½ squared error or logistic loss of a linear model: the printed update ascends.",
    ),
    Claim(
        id="4.16",
        source="S4",
        section="§3.1",
        quote="$L_{clip}$ 是裁剪后的损失函数",
        translation="L_clip is the clipped loss function.",
        predicate=(
            "A field is a gradient only if its Jacobian is symmetric. On a network that reads digits: holds "
            "iff the Jacobian of the clipped gradient, by value and by norm, is symmetric to 10⁻⁶; holds if "
            "there is one parameter where it is not, and in one dimension the integral of the clipped "
            "residual is Huber's function to 10⁻⁵; fails otherwise."
        ),
        evidence=potentials,
        judge=judge_potentials,
        sentences={
            "holds": (
                "The Jacobians of the clipped gradients are symmetric to {value:.0e} (value) and {norm:.0e} "
                "(norm)."
            ),
            "holds if": (
                "With {num_parameters:.0f} parameters the Hessian is symmetric to {plain:.0e}; the Jacobian "
                "of the gradient clipped by value has an asymmetric part {value:.0%} as large as its "
                "symmetric part, by norm {norm:.0%}. So neither is the gradient of any loss. In one "
                "dimension the integral of the clipped residual is Huber's function, to {huber_error:.0e}."
            ),
            "fails": (
                "The asymmetric parts are {value:.0%} and {norm:.0%} of the symmetric ones, and in one "
                "dimension the integral misses Huber's function by {huber_error:.1e}."
            ),
        },
        lead="In general no potential; in one dimension Huber's.",
    ),
)
