"""Claim 1.2: learning rate, batch size and optimiser, and what the batch does to the gradient."""

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from hnrc_lib._shapes import Float
from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.curvature import flatten

BATCHES = (1, 4, 40, 200, 399)
NUM_DRAWS = 2000
NUM_EPOCHS, BATCH = 10, 40
RATES = (0.01, 0.1, 1.0)
TOLERANCE = 0.1  # of 2000 draws the mean square deviates by less than a few hundredths
FACTOR = 1.5


def choices() -> Numbers:
    """Mean square error of batch gradients against its formula, and the loss after ten equal epochs."""
    features, labels = speech_features()
    problem = SpeechProblem(perceptron(features.shape[1], 6), features, labels)
    each = utterance_gradients(problem)
    measured = noise(each, BATCHES, torch.Generator().manual_seed(0))
    trace = float((each - each.mean(0)).square().sum(1).mean())
    count = len(each)
    predicted = [trace / size * (count - size) / (count - 1) for size in BATCHES]
    unlimited = [trace / size for size in BATCHES]
    rates = [_trained(problem, torch.optim.SGD, rate) for rate in RATES]
    kinds = (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop)
    kept = [_trained(problem, kind, 0.01) for kind in kinds]
    return {
        "num_utterances": count,
        "num_draws": NUM_DRAWS,
        "law_error": max(abs(a / b - 1) for a, b in zip(measured, predicted, strict=True)),
        "ratio_single": measured[0] / trace,
        "ratio_half": measured[3] / unlimited[3],
        "ratio_last": measured[4] / unlimited[4],
        "best_rate_loss": min(rates),
        "worst_rate_loss": max(rates),
        "best_rate": RATES[rates.index(min(rates))],
        "sgd_loss": kept[0],
        "adam_loss": kept[1],
        "rmsprop_loss": kept[2],
        "start_loss": float(problem.loss(problem.params())),
    }


def judge_choices(numbers: Numbers) -> Verdict:
    """The law within a tenth, and a factor of 1.5 between losses over rates and over optimisers."""
    if numbers["law_error"] > TOLERANCE:
        return FAILS
    kinds = [numbers[f"{name}_loss"] for name in ("sgd", "adam", "rmsprop")]
    rates_matter = numbers["worst_rate_loss"] >= FACTOR * numbers["best_rate_loss"]
    if rates_matter and max(kinds) >= FACTOR * min(kinds):
        return HOLDS
    return holds_if("it is the batch that is adjusted")


def utterance_gradients(
    problem: SpeechProblem, params: dict[str, Tensor] | None = None
) -> Float[Tensor, "utterance n"]:
    """gᵢ = ∇ℓᵢ of every utterance.

    Args:
        problem: whose L is the mean of the ℓᵢ.
        params: θ; the problem's starting point when None.
    """

    def one(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(problem.model, params, (x.unsqueeze(0),)), y.unsqueeze(0))

    at = problem.params() if params is None else params
    found = vmap(grad(one), (None, 0, 0))(at, problem.features, problem.labels)
    return vmap(flatten)(found)


def noise(
    each: Float[Tensor, "utterance n"], sizes: Iterable[int], generator: torch.Generator
) -> list[float]:
    """Mean of ‖g_B − g‖² over batches drawn without replacement, for each batch size B.

    Args:
        each: gᵢ; g is their mean.
        sizes: B, 1 to N.
        generator: draws the batches.
    """
    centred = each - each.mean(0)
    inner = centred @ centred.mT  # ‖mean of some rows‖² is a sum of its entries
    ranks = torch.rand(NUM_DRAWS, len(each), generator=generator, dtype=each.dtype).argsort(1)
    found = []
    for size in sizes:
        chosen = (ranks < size).to(each.dtype) / size
        found.append(float(((chosen @ inner) * chosen).sum(1).mean()))
    return found


def _trained(problem: SpeechProblem, kind: Callable[..., torch.optim.Optimizer], rate: float) -> float:
    """The loss over all utterances after some epochs of batches."""
    params: dict[str, Tensor] = {name: nn.Parameter(value) for name, value in problem.params().items()}
    optimizer, generator = kind(params.values(), lr=rate), torch.Generator().manual_seed(0)
    for _ in range(NUM_EPOCHS):
        for batch in torch.randperm(len(problem.labels), generator=generator).split(BATCH):
            optimizer.zero_grad()
            outputs = functional_call(problem.model, params, (problem.features[batch],))
            F.cross_entropy(outputs, problem.labels[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        return float(problem.loss({name: value.detach() for name, value in params.items()}))


CLAIMS = (
    Claim(
        id="1.2",
        source="S1",
        section="§2.1",
        quote="批量大小调整：通过调整批量大小来影响梯度估计的稳定性，提高模型性能。",
        translation=(
            "Adjusting the batch size influences the stability of the estimated gradient and raises the "
            "performance of the model. The same list names the learning rate and the choice of optimiser."
        ),
        predicate=(
            "Holds iff (a) for five batch sizes B from 1 to N − 1 the mean of ‖g_B − g‖² over batches drawn "
            "without replacement is within a tenth of tr Σ/B · (N − B)/(N − 1), and (b) after ten epochs the "
            "largest loss is at least 1.5 times the least, over three learning rates and over SGD, Adam and "
            "RMSprop at one; with a condition if only (a); otherwise fails."
        ),
        evidence=choices,
        judge=judge_choices,
        sentences={
            "holds": (
                "Over {num_draws:.0f} batches of each of five sizes the noise of the gradient followed the "
                "formula within {law_error:.1%}; at half of the {num_utterances:.0f} utterances it is "
                "{ratio_half:.2f} of what independent draws would leave, at all but one {ratio_last:.4f}. "
                "Ten epochs brought the loss from {start_loss:.2f} to {best_rate_loss:.2f} at the best of "
                "three learning rates ({best_rate:g}) and to {worst_rate_loss:.2f} at the worst; at a rate "
                "of 0.01 SGD ended at {sgd_loss:.2f}, Adam at {adam_loss:.2f}, RMSprop at "
                "{rmsprop_loss:.2f}. That the choices matter does not say which to make."
            ),
            "holds if": (
                "The noise of the gradient followed the formula within {law_error:.1%}, but the losses over "
                "rates lay between {best_rate_loss:.2f} and {worst_rate_loss:.2f}, those of SGD, Adam and "
                "RMSprop at {sgd_loss:.2f}, {adam_loss:.2f} and {rmsprop_loss:.2f}."
            ),
            "fails": "The noise of the gradient was up to {law_error:.1%} away from the formula.",
        },
        lead="Holds; without replacement with the factor (N − B)/(N − 1).",
    ),
)
