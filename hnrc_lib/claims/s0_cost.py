"""Claim 0.13: what the Hessian costs, and what its products cost."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features

HIDDEN = (2, 6, 20)


def hessian_cost() -> Numbers:
    """Operations and memory of the exact Hessian, and of one product with it, by size.

    Three tanh perceptrons. Counted are the floating-point operations of matrix products, in multiples of
    the plain gradient's: a count is the same on every machine, a time is not. A product includes the
    forward pass and the gradient.
    """
    features, labels = speech_features()
    numbers: dict[str, float] = {}
    for size, num_hidden in zip(("small", "middle", "large"), HIDDEN, strict=True):
        problem = SpeechProblem(perceptron(features.shape[1], num_hidden), features, labels)
        numbers |= {f"{name}_{size}": value for name, value in _costs(problem).items()}
    growth = numbers["hessian_large"] / numbers["hessian_small"]
    return numbers | {
        "growth_of_n": numbers["n_large"] / numbers["n_small"],
        "growth_of_hessian": growth,
        "product_most": max(numbers[f"product_{size}"] for size in ("small", "middle", "large")),
        "hessian_to_product": numbers["hessian_large"] / numbers["product_large"],
    }


def judge_hessian_cost(numbers: Numbers) -> Verdict:
    """Dear: above 20 gradients at the largest size and growing; cheap products: a tenth of that or less."""
    if not (numbers["hessian_large"] > 20 and numbers["growth_of_hessian"] > 1):
        return FAILS
    return holds_if("H itself is formed") if numbers["hessian_to_product"] >= 10 else HOLDS


def _costs(problem: SpeechProblem) -> dict[str, float]:
    """n, bytes of H, and operations in gradients."""
    params = problem.params()
    hessian = problem.operator().to_dense()
    direction = torch.ones(len(hessian), dtype=hessian.dtype)
    one = _operations(lambda: _gradient(problem, params))
    return {
        "n": float(len(hessian)),
        "megabytes": hessian.numel() * hessian.element_size() / 1e6,
        "product": _operations(lambda: problem.operator() @ direction) / one,
        "hessian": _operations(lambda: problem.operator().to_dense()) / one,
    }


def _gradient(problem: SpeechProblem, params: dict[str, Tensor]) -> tuple[Tensor, ...]:
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    return torch.autograd.grad(problem.loss(leaves), list(leaves.values()))


def _operations(task: Callable[[], object]) -> float:
    """Floating-point operations of the matrix products in a task."""
    with FlopCounterMode(display=False) as counter:
        task()
    return float(counter.get_total_flops())


CLAIMS = (
    Claim(
        id="0.13",
        source="S0",
        section="§5",
        quote="计算Hessian矩阵的计算成本较高，需要进一步优化。",
        translation="Computing the Hessian matrix is rather expensive and needs further optimisation.",
        predicate=(
            "Counted in operations of matrix products. Fails unless the exact Hessian of the largest of "
            "three perceptrons costs more than 20 gradients, and more gradients than for the smallest. Then "
            "holds if H itself is formed, when one product Hv costs at most a tenth of H; holds when it "
            "does not."
        ),
        evidence=hessian_cost,
        judge=judge_hessian_cost,
        sentences={
            "holds": (
                "The exact Hessian of {n_large:.0f} parameters cost {hessian_large:.0f} gradients and "
                "{megabytes_large:.1f} MB, and a product with it {product_large:.1f} gradients."
            ),
            "holds if": (
                "From {n_small:.0f} to {n_large:.0f} parameters the exact Hessian went from "
                "{hessian_small:.0f} to {hessian_large:.0f} gradients and from {megabytes_small:.2f} to "
                "{megabytes_large:.1f} MB. One product with it, which is all that an iterative solver asks "
                "for, cost at most {product_most:.1f} gradients, counted in operations."
            ),
            "fails": (
                "The exact Hessian of {n_large:.0f} parameters cost {hessian_large:.1f} gradients, that of "
                "{n_small:.0f} cost {hessian_small:.1f}."
            ),
        },
        lead="n² numbers and n³ operations against a few gradients a product.",
    ),
)
