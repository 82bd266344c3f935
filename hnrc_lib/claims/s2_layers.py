"""Claims 2.3 and 2.12: what depth does to the Hessian, and what a bad Hessian does to the gradient."""

import itertools

import torch
from torch import Tensor, nn

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import NUM_CLASSES, ReferenceClass, SpeechProblem, seeded, speech_features
from hnrc_lib.curvature import dense_hessian, flatten

DEPTHS = (1, 3, 6)
WIDTH = 6
NULL = 1e-13  # of the largest magnitude: an eigenvalue below is zero but for rounding
DECADES = (0.0, 1.5, 3.0)
NUM_STEPS = 60
_ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


def deep_perceptron(num_features: int, depth: int, activation: str, *, width: int = WIDTH) -> nn.Module:
    """D → [width → φ] · depth → 10, float64, seeded.

    Args:
        num_features: D.
        depth: hidden layers, ≥ 1.
        activation: ``"tanh"`` or ``"relu"``.
        width: units of each.
    """
    sizes = [num_features, *[width] * depth]
    layers = [
        part for pair in itertools.pairwise(sizes) for part in (nn.Linear(*pair), _ACTIVATIONS[activation]())
    ]
    return seeded(nn.Sequential(*layers, nn.Linear(width, NUM_CLASSES)), 0)


def depth_sweep() -> Numbers:
    """Asymmetry, zero eigenvalues and zero entries of H for one, three and six hidden layers.

    Every entry is differentiated by itself; the networks are untrained, and tanh and ReLU networks have
    the same weights.
    """
    features, labels = speech_features(num_frames=2, num_utterances=100)
    numbers: dict[str, float] = {"width": WIDTH}
    for activation, depth in itertools.product(_ACTIVATIONS, DEPTHS):
        problem = SpeechProblem(deep_perceptron(features.shape[1], depth, activation), features, labels)
        hessian = dense_hessian(problem.loss, problem.params(), symmetrize=False)
        values = torch.linalg.eigvalsh((hessian + hessian.mT) / 2)
        name = f"{activation}_{depth}"
        numbers |= {
            f"n_{depth}": len(hessian),
            f"asymmetry_{name}": float((hessian - hessian.mT).abs().max() / hessian.abs().max()),
            f"null_{name}": int((values.abs() < NULL * values.abs().max()).sum()),
            f"zeros_{name}": float((hessian == 0).double().mean()),
        }
    asymmetries = [value for key, value in numbers.items() if key.startswith("asymmetry")]
    return numbers | {"most_asymmetric": max(asymmetries)}


def judge_depth(numbers: Numbers) -> Verdict:
    """Asymmetric above 10⁻¹⁰; sparser or more singular where a share gains a tenth."""
    first, last = DEPTHS[0], DEPTHS[-1]

    def gains(activation: str) -> bool:
        zeros = numbers[f"zeros_{activation}_{last}"] - numbers[f"zeros_{activation}_{first}"]
        null = (
            numbers[f"null_{activation}_{last}"] / numbers[f"n_{last}"]
            - numbers[f"null_{activation}_{first}"] / numbers[f"n_{first}"]
        )
        return max(zeros, null) > 0.1

    if gains("tanh"):
        symmetric = numbers["most_asymmetric"] < 1e-10
        return holds_if("“asymmetric” is struck out") if symmetric else HOLDS
    if gains("relu"):
        return holds_if("“asymmetric” is struck out and units can die, as ReLUs do")
    return FAILS


def gradient_precision() -> Numbers:
    """float32 against float64 for one function in three coordinate systems of ever worse conditioning.

    A softmax regression whose features are divided by up to 10, 10^1.5 and 10³ and its weights multiplied
    alike: the same scores, loss and utterances. The float64 reference starts from the numbers rounded to
    float32, so that only the computing differs.
    """
    features, labels = speech_features(num_utterances=200)
    numbers: dict[str, float] = {"num_steps": NUM_STEPS}
    for name, decades in zip(("good", "middle", "bad"), DECADES, strict=True):
        places = torch.arange(features.shape[1], dtype=torch.float64) / (features.shape[1] - 1)
        scale = 10.0 ** (-decades * places)
        model = seeded(ReferenceClass(features.shape[1]), 0)
        linear = model.linear
        assert isinstance(linear, nn.Linear)
        linear.weight.data = linear.weight.data / scale
        single = SpeechProblem(model.float(), (features * scale).float(), labels)
        rounded = {key: value.double() for key, value in single.params().items()}
        double = SpeechProblem(single.model, single.features.double(), labels)
        numbers |= {f"{key}_{name}": value for key, value in _precision(single, double, rounded).items()}
        numbers["n"], numbers["start_loss"] = len(flatten(rounded)), float(double.loss(rounded))
    return numbers


def judge_precision(numbers: Numbers) -> Verdict:
    """The condition number must grow a thousandfold; then the error of the gradient must not, tenfold."""
    grown = numbers["condition_bad"] / numbers["condition_good"]
    if grown < 1e3:
        return holds_if("the Hessians compared differ enough")
    return HOLDS if numbers["gradient_error_bad"] >= 10 * numbers["gradient_error_good"] else FAILS


def _precision(single: SpeechProblem, double: SpeechProblem, params: dict[str, Tensor]) -> dict[str, float]:
    """Condition number, float32's errors, and what gradient descent at 1/h_max reaches."""
    exact = double.operator(params)
    hessian, gradient = exact.to_dense(), exact.flatten(exact.gradient)
    values = torch.linalg.eigvalsh(hessian)
    rough = single.operator()
    rough_gradient = rough.flatten(rough.gradient)
    newton = torch.linalg.solve(hessian, gradient)
    rough_newton = torch.linalg.solve(rough.to_dense(), rough_gradient).double()
    here = dict(params)
    for _ in range(NUM_STEPS):
        slope = torch.func.grad(double.loss)(here)
        here = {key: value - slope[key] / values[-1] for key, value in here.items()}
    return {
        "condition": float(values[-1] / values[0]),
        "gradient_error": float((rough_gradient.double() - gradient).norm() / gradient.norm()),
        "newton_error": float((rough_newton - newton).norm() / newton.norm()),
        "loss": float(double.loss(here)),
    }


CLAIMS = (
    Claim(
        id="2.3",
        source="S2",
        section="§2",
        quote="随着网络层数的增加，Hessian矩阵可能会变得非对称、奇异或稀疏",
        translation=(
            "As the number of layers grows, the Hessian matrix may become asymmetric, singular or sparse."
        ),
        predicate=(
            "Untrained tanh and ReLU networks with one, three and six hidden layers. Fails unless, from one "
            "layer to six, the share of entries that are exactly zero or of eigenvalues that are zero to "
            "rounding gains a tenth. If that happens with tanh as well, holds, or, where no Hessian is "
            "asymmetric by more than 10⁻¹⁰ of its largest entry, holds if that word is struck out. If it "
            "happens with ReLU alone, holds if, besides, units can die."
        ),
        evidence=depth_sweep,
        judge=judge_depth,
        sentences={
            "holds": (
                "From one hidden layer to six the zero entries went from {zeros_tanh_1:.0%} to "
                "{zeros_tanh_6:.0%} with tanh and from {zeros_relu_1:.0%} to {zeros_relu_6:.0%} with ReLU; "
                "the largest asymmetry was {most_asymmetric:.0e} of the largest entry."
            ),
            "holds if": (
                "No Hessian was asymmetric: at most {most_asymmetric:.0e} of the largest entry. All were "
                "singular, at every depth: with tanh {null_tanh_1:.0f}, {null_tanh_3:.0f} and "
                "{null_tanh_6:.0f} zero eigenvalues of {n_1:.0f}, {n_3:.0f} and {n_6:.0f}. With ReLU "
                "{null_relu_1:.0f}, {null_relu_3:.0f} and {null_relu_6:.0f}, and the entries that are "
                "exactly zero went from {zeros_relu_1:.0%} over {zeros_relu_3:.0%} to {zeros_relu_6:.0%}; "
                "with tanh {zeros_tanh_6:.0%} at six layers."
            ),
            "fails": (
                "From one hidden layer to six, zero entries went from {zeros_relu_1:.0%} to "
                "{zeros_relu_6:.0%} with ReLU and from {zeros_tanh_1:.0%} to {zeros_tanh_6:.0%} with tanh; "
                "the largest asymmetry was {most_asymmetric:.0e} of the largest entry."
            ),
        },
        lead="Symmetric; singular under softmax at every depth; zeros grow with depth for ReLU alone.",
    ),
    Claim(
        id="2.12",
        source="S2",
        section="§2",
        quote="Hessian矩阵可能会变得非对称、奇异或稀疏，导致梯度计算的不稳定性和计算效率的下降。",
        translation=(
            "The Hessian matrix may become asymmetric, singular or sparse, which makes the computation of "
            "the gradient unstable and less efficient."
        ),
        predicate=(
            "One loss in three coordinate systems, in which the condition number of H grows at least a "
            "thousandfold; holds if the Hessians differ enough where it does not. Then holds iff the "
            "relative error of the float32 gradient grows at least tenfold; otherwise fails."
        ),
        evidence=gradient_precision,
        judge=judge_precision,
        sentences={
            "holds": (
                "From a condition number of {condition_good:.0e} to {condition_bad:.0e} the relative error "
                "of the float32 gradient went from {gradient_error_good:.0e} to {gradient_error_bad:.0e}."
            ),
            "holds if": (
                "The condition number went from {condition_good:.0e} to {condition_bad:.0e} only, and the "
                "error of the float32 gradient from {gradient_error_good:.0e} to {gradient_error_bad:.0e}."
            ),
            "fails": (
                "The same {n:.0f} parameters and the same loss of {start_loss:.2f}, with condition numbers "
                "{condition_good:.0e}, {condition_middle:.0e} and {condition_bad:.0e}: the float32 gradient "
                "was off by {gradient_error_good:.1e}, {gradient_error_middle:.1e} and "
                "{gradient_error_bad:.1e}. What suffers is what comes after. Newton's step from float32 was "
                "off by {newton_error_good:.0e}, {newton_error_middle:.0e} and {newton_error_bad:.0e}, and "
                "{num_steps:.0f} steps of gradient descent at the rate 1/h_max ended at {loss_good:.2f}, "
                "{loss_middle:.2f} and {loss_bad:.2f}."
            ),
        },
        lead="Convergence suffers; the computation of the gradient does not.",
    ),
)
