"""Claim 2.8: the operators on a Transformer encoder and on a graph convolutional network."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.curvature import GGNLinearOperator, HessianLinearOperator
from hnrc_lib.datasets import load_digits, spectrograms
from hnrc_lib.models import GraphNetwork, Transformer
from hnrc_lib.optim import HNRC

FRAMES, BANDS = 16, 8
STEP = 1e-6  # of a central difference of the gradient
NUM_STEPS = 3


def speech_network(name: str) -> nn.Module:
    """A small network of the library, float64, in evaluation mode (its dropout would be random).

    Args:
        name: ``"transformer"`` or ``"graph"``.
    """
    generator = torch.Generator().manual_seed(0)
    if name == "transformer":
        model: nn.Module = Transformer(
            BANDS, 10, width=8, num_layers=1, num_heads=2, pooling="mean", generator=generator
        )
    else:
        model = GraphNetwork(BANDS, FRAMES, 10, channels=(4, 4), generator=generator)
    # Biases start at zero, and a ReLU that sees zeros alone is then exactly on its kink.
    for value in model.parameters():
        value.data += 0.05 * torch.randn(value.shape, generator=generator)
    return model.double().eval()


def other_models() -> Numbers:
    """Products with H and G against finite differences and against a formula, and steps of HNRC."""
    features, labels = spectrograms(load_digits("train", language="en"), num_frames=FRAMES, n_mels=BANDS)
    data = features[::25].double(), labels[::25]
    numbers: dict[str, float] = {"num_utterances": len(data[1]), "num_steps": NUM_STEPS}
    for name in ("transformer", "graph"):
        found = _operators(speech_network(name), *data)
        numbers |= {f"{key}_{name}": value for key, value in found.items()}
    return numbers


def judge_other_models(numbers: Numbers) -> Verdict:
    """Agreement to 10⁻⁵, symmetry to 10⁻¹⁰ and a lower loss on both networks: it is applied."""

    def works(name: str) -> bool:
        errors = max(numbers[f"hessian_error_{name}"], numbers[f"gauss_newton_error_{name}"])
        symmetric = numbers[f"asymmetry_{name}"] < 1e-10
        return errors < 1e-5 and symmetric and numbers[f"after_{name}"] < numbers[f"before_{name}"]

    working = [name for name in ("transformer", "graph") if works(name)]
    if len(working) == 2:
        return FAILS
    other = {"transformer": "a graph network", "graph": "a Transformer"}
    return holds_if(f"the network is {other[working[0]]}") if working else HOLDS


def _operators(model: nn.Module, features: Tensor, labels: Tensor) -> dict[str, float]:
    params = {name: value.detach().clone() for name, value in model.named_parameters()}

    def outputs(p: dict[str, Tensor]) -> Tensor:
        return functional_call(model, p, (features,))

    def loss(p: dict[str, Tensor]) -> Tensor:
        return cross_entropy(outputs(p), labels)

    hessian = HessianLinearOperator(loss, params)
    gauss_newton = GGNLinearOperator(outputs, lambda z: cross_entropy(z, labels), params)
    generator = torch.Generator().manual_seed(1)
    u, v = torch.randn(2, hessian.shape[0], generator=generator, dtype=torch.float64)
    product, inner = hessian @ v, v @ (gauss_newton @ v)
    theta = hessian.flatten(params)
    ahead, behind = (_gradient(loss, hessian.unflatten(theta + sign * STEP * v)) for sign in (1.0, -1.0))
    difference = (hessian.flatten(ahead) - hessian.flatten(behind)) / (2 * STEP)
    with torch.no_grad():
        wide = 1e-5
        slopes = outputs(hessian.unflatten(theta + wide * v)) - outputs(hessian.unflatten(theta - wide * v))
        share, slopes = outputs(params).softmax(1), slopes / (2 * wide)
        # vᵀGv is the mean, over utterances, of the variance of the logits' slopes under softmax.
        variance = ((share * slopes**2).sum(1) - (share * slopes).sum(1) ** 2).mean()
    return {
        "n": len(v),
        "hessian_error": float((difference - product).norm() / product.norm()),
        "gauss_newton_error": float(abs(inner - variance) / variance),
        "asymmetry": float(abs(u @ product - v @ (hessian @ u)) / (u.norm() * product.norm())),
        **_steps(model, features, labels),
    }


def _gradient(loss: Callable[[dict[str, Tensor]], Tensor], params: dict[str, Tensor]) -> dict[str, Tensor]:
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    return dict(zip(leaves, torch.autograd.grad(loss(leaves), list(leaves.values())), strict=True))


def _steps(model: nn.Module, features: Tensor, labels: Tensor) -> dict[str, float]:
    """Loss before and after some steps; the model is not told to the optimiser but by its parameters."""
    optimizer = HNRC(model.parameters(), lr=0.5, damping=0.5, rank=4)

    def closure() -> tuple[Tensor, Tensor]:
        z = model(features)
        return cross_entropy(z, labels), z

    losses = [float(optimizer.step(closure)) for _ in range(NUM_STEPS)]  # pyright: ignore
    with torch.no_grad():
        return {"before": losses[0], "after": float(closure()[0])}


CLAIMS = (
    Claim(
        id="2.8",
        source="S2",
        section="§6",
        quote=(
            "在更复杂的网络结构（如Transformer、Graph Neural Network等）中，Hessian逆秩1修正的应用"
            "可能需要进一步的研究。"
        ),
        translation=(
            "In more complex network structures (such as the Transformer or graph neural networks) the "
            "application of the Hessian inverse-rank-1 correction may need further research."
        ),
        predicate=(
            "It is applied if, on a small Transformer encoder and on a graph convolutional network, by the "
            "same code, Hessian and Gauss–Newton products agree with finite differences to 10⁻⁵, uᵀHv and "
            "vᵀHu agree to 10⁻¹⁰, and three steps of HNRC lower the loss. Fails if that is so on both, holds "
            "if the network is the other one where on one, holds where on neither. What is gained is not "
            "tested."
        ),
        evidence=other_models,
        judge=judge_other_models,
        sentences={
            "holds": (
                "Hessian products were off by {hessian_error_transformer:.0e} on the Transformer and by "
                "{hessian_error_graph:.0e} on the graph network."
            ),
            "holds if": (
                "Hessian products were off by {hessian_error_transformer:.0e} on the Transformer and by "
                "{hessian_error_graph:.0e} on the graph network; the loss went from "
                "{before_transformer:.3f} to {after_transformer:.3f} and from {before_graph:.3f} to "
                "{after_graph:.3f}."
            ),
            "fails": (
                "On a Transformer encoder of {n_transformer:.0f} parameters and a graph network of "
                "{n_graph:.0f}, Hessian products agreed with finite differences to "
                "{hessian_error_transformer:.0e} and {hessian_error_graph:.0e}, Gauss–Newton products to "
                "{gauss_newton_error_transformer:.0e} and {gauss_newton_error_graph:.0e}. {num_steps:.0f} "
                "steps of HNRC took the loss from {before_transformer:.3f} to {after_transformer:.3f} and "
                "from {before_graph:.3f} to {after_graph:.3f}. To apply it needed no research; whether it "
                "pays there was not measured."
            ),
        },
        lead="The operators do not care what the model is.",
    ),
)
