"""Claims 1.4, 1.6 and 1.14: the Taylor model's error, the point that Newton's formula finds, steepness."""

import math

import torch
from torch import Tensor, nn

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, perceptron, seeded, speech_features
from hnrc_lib.curvature import flatten, unflatten
from hnrc_lib.optim import predicted_reduction, taylor_model

SMOOTH_RADII = (1e-3, 3e-3, 1e-2, 3e-2)
KINK_RADII = (1e-7, 1e-6, 1e-5, 1e-4)
NUM_DIRECTIONS = 3


def model_errors(
    problem: SpeechProblem, params: dict[str, Tensor], directions: Tensor, radii: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    """|L(θ + rd) − model|, of first and of second order, the mean over directions d, one entry a radius.

    Args:
        problem: L.
        params: θ.
        directions: d, of length one, shape (D, n).
        radii: r.
    """
    model, theta = taylor_model(problem.loss, params), flatten(params)
    errors = torch.zeros(2, len(radii), dtype=torch.float64)
    for direction in directions:
        slope = float(model.gradient @ direction)
        bend = -2 * (model.predicted_reduction(direction) + slope)
        for column, radius in enumerate(radii):
            loss = float(problem.loss(unflatten(theta + radius * direction, params)))
            first = loss - model.value - radius * slope
            errors[0, column] += abs(first)
            errors[1, column] += abs(first - radius**2 * bend / 2)
    return errors[0] / len(directions), errors[1] / len(directions)


def on_a_kink(problem: SpeechProblem) -> dict[str, Tensor]:
    """Parameters at which the first hidden unit is exactly at its kink for the first utterance."""
    params = problem.params()
    params["0.bias"][0] = -(params["0.weight"][0] @ problem.features[0])
    return params


def random_directions(size: int, count: int, seed: int) -> Tensor:
    """Directions of length one, shape (count, size)."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, size, generator=generator, dtype=torch.float64)
    return drawn / drawn.norm(dim=1, keepdim=True)


def error_slopes() -> Numbers:
    """Slopes of log error against log ‖Δ‖: a tanh perceptron, and a ReLU perceptron on one of its kinks."""
    features, labels = speech_features()
    numbers: dict[str, float | int] = {"num_directions": NUM_DIRECTIONS}
    for name, activation, radii in (("tanh", "tanh", SMOOTH_RADII), ("relu", "relu", KINK_RADII)):
        problem = SpeechProblem(perceptron(features.shape[1], 6, activation=activation), features, labels)
        params = on_a_kink(problem) if name == "relu" else problem.params()
        directions = random_directions(len(flatten(params)), NUM_DIRECTIONS, seed=2)
        for order, errors in zip(
            ("first", "second"), model_errors(problem, params, directions, radii), strict=True
        ):
            numbers[f"{name}_{order}_slope"] = _slope(radii, errors)
    return numbers


def judge_error_slopes(numbers: Numbers) -> Verdict:
    """Slopes 2 and 3 within 0.2 on the smooth loss; the condition is that a kink breaks the third order."""
    if abs(numbers["tanh_first_slope"] - 2) > 0.2 or abs(numbers["tanh_second_slope"] - 3) > 0.2:
        return FAILS
    if numbers["relu_second_slope"] < 2.5:
        return holds_if("f is three times continuously differentiable near x")
    return HOLDS


def newton_points() -> Numbers:
    """Whether the model falls, from Newton's point, along any ±qᵢ: at a minimum, a saddle and a maximum.

    The minimum: a linear softmax classifier whose last score is fixed, so that H is positive definite. The
    saddle: the same with a tanh layer before it. The maximum: the first with the sign of its loss turned.
    """
    features, labels = speech_features()
    size = features.shape[1]
    hidden = nn.Sequential(nn.Linear(size, 6), nn.Tanh(), ReferenceClass(6))
    linear = SpeechProblem(seeded(ReferenceClass(size), 0), features, labels)
    bent = SpeechProblem(seeded(hidden, 0), features, labels)
    numbers: dict[str, float | int] = {}
    for name, problem, sign in (("minimum", linear, 1), ("saddle", bent, 1), ("maximum", linear, -1)):
        operator = problem.operator()
        hessian, g = sign * operator.to_dense(), sign * operator.flatten(operator.gradient)
        h, basis = torch.linalg.eigh(hessian)
        step = -torch.linalg.solve(hessian, g)
        promised = predicted_reduction(hessian, g, step)
        aside = [
            sum(predicted_reduction(hessian, g, step + s * q) > promised for s in (1, -1)) for q in basis.T
        ]
        after = problem.loss(unflatten(flatten(problem.params()) + step, problem.params()))
        numbers |= {
            f"{name}_n": len(g),
            f"{name}_negative": int((h < 0).sum()),
            f"{name}_least_curvature": float(h.abs().min()),
            f"{name}_lower": sum(count == 2 for count in aside),
            f"{name}_promised": promised,
            f"{name}_loss": sign * float(operator.value),
            f"{name}_loss_after": sign * float(after),
        }
    return numbers


def judge_newton_points(numbers: Numbers) -> Verdict:
    """From a minimum of the model nothing goes down; elsewhere something does."""
    if numbers["minimum_lower"] > 0:
        return FAILS
    if numbers["saddle_lower"] + numbers["maximum_lower"] > 0:
        return holds_if("∇²f(x) is positive definite")
    return HOLDS


def steepness() -> Numbers:
    """Slopes per unit length of −g and of −M⁻¹g, where length is ‖·‖ and where it is ‖·‖_M, M = H + λI.

    λ is −2 h_min of an untrained tanh perceptron. A thousand random directions are tried against each.
    """
    features, labels = speech_features()
    operator = SpeechProblem(perceptron(features.shape[1], 6), features, labels).operator()
    hessian, g = operator.to_dense(), operator.flatten(operator.gradient)
    lowest = float(torch.linalg.eigvalsh(hessian)[0])
    damped = hessian - 2 * lowest * torch.eye(len(g), dtype=g.dtype)
    newton = torch.linalg.solve(damped, g)
    drawn = random_directions(len(g), 1000, seed=3)
    numbers: dict[str, float | int] = {"damping": -2 * lowest, "num_random": len(drawn)}
    for name, metric in (("plain", torch.eye(len(g), dtype=g.dtype)), ("damped", damped)):
        numbers[f"{name}_gradient"] = _steepness(g, g, metric)
        numbers[f"{name}_newton"] = _steepness(g, newton, metric)
        numbers[f"{name}_random"] = max(abs(_steepness(g, d, metric)) for d in drawn)
    numbers["angle"] = math.degrees(math.acos(float(g @ newton / g.norm() / newton.norm())))
    return numbers


def judge_steepness(numbers: Numbers) -> Verdict:
    """−g is the steepest in the plain norm; the condition is that another norm has another steepest."""
    if numbers["plain_gradient"] < max(numbers["plain_newton"], numbers["plain_random"]):
        return FAILS
    if numbers["damped_newton"] > 1.01 * numbers["damped_gradient"]:
        return holds_if("the length of a step is its Euclidean norm")
    return HOLDS


def _steepness(g: Tensor, direction: Tensor, metric: Tensor) -> float:
    return float(g @ direction) / math.sqrt(float(direction @ metric @ direction))


def _slope(radii: tuple[float, ...], errors: Tensor) -> float:
    """Least-squares slope of log errors against log radii."""
    x = torch.tensor(radii, dtype=torch.float64).log()
    x, y = x - x.mean(), errors.log()
    return float(x @ (y - y.mean()) / (x @ x))


CLAIMS = (
    Claim(
        id="1.4",
        source="S1",
        section="§3.3",
        quote=(
            "次梯度取值通过使用二阶泰勒展开近似损失函数的二阶导数信息，从而得到参数更新的估计：\n\n$$\n"
            "f(x + \\Delta x) \\approx f(x) + \\nabla f(x)^T \\Delta x + \\frac{1}{2} \\Delta x^T \\nabla^2 "
            "f(x) \\Delta x\n$$"
        ),
        translation=(
            "The method uses a second-order Taylor expansion to approximate the second-derivative "
            "information of the loss, and so obtains an estimate of the update of the parameters: "
            "f(x + Δx) ≈ f(x) + ∇f(x)ᵀΔx + ½ Δxᵀ∇²f(x)Δx."
        ),
        predicate=(
            "Fails unless, on a tanh perceptron for spoken digits, the errors of the first- and of the "
            "second-order model fall with slopes 2 and 3 in log–log, each within 0.2. Then holds if f is "
            "three times continuously differentiable where the second slope is below 2.5 on a kink of a ReLU "
            "perceptron; otherwise holds."
        ),
        evidence=error_slopes,
        judge=judge_error_slopes,
        sentences={
            "holds": (
                "The second-order error fell with slope {tanh_second_slope:.2f} (tanh) and "
                "{relu_second_slope:.2f} (ReLU, on a kink)."
            ),
            "holds if": (
                "With tanh the errors of the two models fell with slopes {tanh_first_slope:.2f} and "
                "{tanh_second_slope:.2f}. With ReLU, at a point where one unit is at its kink for one "
                "utterance, both fell with slope {relu_first_slope:.2f} and {relu_second_slope:.2f}."
            ),
            "fails": (
                "With tanh the errors of the two models fell with slopes {tanh_first_slope:.2f} and "
                "{tanh_second_slope:.2f}."
            ),
        },
        lead="Holds for C³ f; breaks at a kink.",
    ),
    Claim(
        id="1.6",
        source="S1",
        section="§3.3",
        quote="我们希望找到一个$$ \\Delta x $$使得$$ f(x + \\Delta x) $$最小，这可以通过解决以下优化问题实现",
        translation=(
            "We wish to find a Δx such that f(x + Δx) is smallest, which can be done by solving the "
            "following optimisation problem [whose solution is given as −(∇²f)⁻¹∇f]."
        ),
        predicate=(
            "Taken of the second-order model. Fails if, from −H⁻¹g, the model falls both ways along an "
            "eigenvector of H where H is positive definite. Then holds if H is positive definite where it so "
            "falls at a saddle or a maximum of the model; otherwise holds."
        ),
        evidence=newton_points,
        judge=judge_newton_points,
        sentences={
            "holds": "From −H⁻¹g the model rose along all {saddle_n:.0f} eigenvectors, definite or not.",
            "holds if": (
                "With H positive definite the model rose from −H⁻¹g along all {minimum_n:.0f} eigenvectors. "
                "With {saddle_negative:.0f} negative curvatures of {saddle_n:.0f} it fell both ways along "
                "{saddle_lower:.0f}, and the step took the loss from {saddle_loss:.2f} to "
                "{saddle_loss_after:.2f}. With all {maximum_negative:.0f} curvatures negative it fell along "
                "{maximum_lower:.0f}."
            ),
            "fails": (
                "With H positive definite the model fell from −H⁻¹g along {minimum_lower:.0f} of "
                "{minimum_n:.0f} eigenvectors."
            ),
        },
        lead="Only if H ≻ 0.",
    ),
    Claim(
        id="1.14",
        source="S1",
        section="§2.2",
        quote=(
            "梯度下降是一种常用的优化算法，它通过沿着梯度最steep（最陡）的方向 iteratively "
            "更新参数来最小化损失函数。"
        ),
        translation=(
            "Gradient descent is a common optimisation algorithm: it minimises the loss by updating the "
            "parameters iteratively along the steepest direction, the gradient's."
        ),
        predicate=(
            "Fails if −H̃⁻¹g or one of 1000 random directions is steeper than −g per unit of Euclidean "
            "length. Then holds if lengths are Euclidean where, per unit of the norm of H̃ = H + λI, "
            "−H̃⁻¹g is steeper than −g by more than a hundredth; otherwise holds."
        ),
        evidence=steepness,
        judge=judge_steepness,
        sentences={
            "holds": (
                "−g was the steepest in both norms: {plain_gradient:.3f} and {damped_gradient:.3f} per unit "
                "of length."
            ),
            "holds if": (
                "Per unit of Euclidean length the loss fell by {plain_gradient:.3f} along −g and by "
                "{plain_newton:.3f} along −(H + λI)⁻¹g, {angle:.0f}° away. In the norm of H + λI, "
                "λ = {damping:.2f}, it was {damped_gradient:.3f} and {damped_newton:.3f}. The steepest of "
                "{num_random:.0f} random directions had {plain_random:.3f} and {damped_random:.3f}."
            ),
            "fails": (
                "Per unit of Euclidean length the loss fell by {plain_gradient:.3f} along −g, by "
                "{plain_newton:.3f} along −(H + λI)⁻¹g and by up to {plain_random:.3f} along random ones."
            ),
        },
        lead="Euclidean only.",
    ),
)
