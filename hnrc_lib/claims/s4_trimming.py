"""Claim 4.12: clipping, 裁剪, against the source's second word, 剪切, read as keeping the largest entries."""

from collections.abc import Callable

import torch
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.optim.clipping import clip_by_global_norm, clip_by_value
from hnrc_lib.optim.clipping.report import angle_between

KEPT_SHARE, TARGET, MOST_STEPS, DESCENT_RATE = 0.1, 0.8, 300, 0.5


def keep_largest(gradient: Tensor, share: float = KEPT_SHARE) -> Tensor:
    """The gradient with all but its largest entries set to 0.

    >>> keep_largest(torch.tensor([3.0, -1.0, 0.5, -4.0]), share=0.5)
    tensor([ 3.,  0.,  0., -4.])
    """
    flat = gradient.flatten()
    kept = flat.abs().topk(max(1, round(share * len(flat)))).indices
    return torch.zeros_like(flat).index_copy(0, kept, flat[kept]).reshape(gradient.shape)


def two_words() -> Numbers:
    """Clipping and sparsifying one gradient, and steps of gradient descent to one loss with each.

    The clip holds the tenth that sparsifying keeps.
    """
    features, labels = speech_features(num_utterances=200)
    problem = SpeechProblem(perceptron(features.shape[1], 16), features, labels)
    gradient = _flat_gradient(problem, problem.params())
    threshold = float(gradient.abs().quantile(1 - KEPT_SHARE))
    held, sparse = clip_by_value([gradient], threshold)[0], keep_largest(gradient)
    norm = float(gradient.norm()) / 2
    return {
        "kept_share": KEPT_SHARE,
        "between": _degrees(held, sparse),
        "clip_angle": _degrees(gradient, held),
        "sparse_angle": _degrees(gradient, sparse),
        "sparse_length": float(sparse.norm() / gradient.norm()),
        "changed_by_both": int(((held != gradient) & (sparse != gradient)).sum()),
        "target": TARGET,
        "whole_steps": _steps_to(problem, lambda g: g),
        "clip_steps": _steps_to(problem, lambda g: clip_by_global_norm([g], norm)[0]),
        "sparse_steps": _steps_to(problem, keep_largest),
    }


def judge_two_words(numbers: Numbers) -> Verdict:
    """Two operations, and the second the faster."""
    if numbers["between"] < 1:
        return FAILS
    faster = numbers["sparse_steps"] < numbers["whole_steps"]
    return HOLDS if faster else holds_if("only the difference is claimed")


def _degrees(one: Tensor, other: Tensor) -> float:
    return angle_between([one], [other], (float(one.norm()), float(other.norm())))


def _flat_gradient(problem: SpeechProblem, params: dict[str, Tensor]) -> Tensor:
    leaves = {name: value.requires_grad_() for name, value in params.items()}
    return torch.cat([g.flatten() for g in torch.autograd.grad(problem.loss(leaves), list(leaves.values()))])


def _steps_to(problem: SpeechProblem, change: Callable[[Tensor], Tensor]) -> int:
    """Steps of gradient descent until the loss is at the target; the most there are where it is not."""
    params = problem.params()
    sizes = [value.numel() for value in params.values()]
    for step in range(MOST_STEPS):
        if float(problem.loss(params)) <= TARGET:
            return step
        parts = change(_flat_gradient(problem, params)).split(sizes)
        params = {
            name: value.detach() - DESCENT_RATE * part.view_as(value)
            for part, (name, value) in zip(parts, params.items(), strict=True)
        }
    return MOST_STEPS


CLAIMS = (
    Claim(
        id="4.12",
        source="S4",
        section="§6 Q2",
        quote="梯度剪切是对梯度进行截断，以消除不必要的参数更新，从而加速训练过程。",
        translation=(
            "Gradient trimming, as distinct from clipping, cuts the gradient to remove unnecessary "
            "updates of parameters, and so accelerates training."
        ),
        predicate=(
            "Trimming read as keeping the tenth of the entries that are largest, against a clip of that "
            "tenth, on a network that reads digits: fails if the two leave directions within a degree; holds "
            "iff they differ and trimming reaches a loss of 0.8 in fewer steps of gradient descent than the "
            "whole gradient; holds if only the difference is claimed where it does not."
        ),
        evidence=two_words,
        judge=judge_two_words,
        sentences={
            "holds": (
                "The two leave directions {between:.0f}° apart, and trimming reached a loss of {target:g} in "
                "{sparse_steps:.0f} steps, the whole gradient in {whole_steps:.0f}."
            ),
            "holds if": (
                "The two leave directions {between:.0f}° apart; {changed_by_both:.0f} entries are changed by "
                "both. The largest {kept_share:.0%} of the entries hold {sparse_length:.0%} of the length. "
                "A loss of {target:g} took {whole_steps:.0f} steps with the whole gradient, "
                "{sparse_steps:.0f} trimmed, {clip_steps:.0f} clipped to half of the first norm."
            ),
            "fails": "The two leave directions {between:.1f}° apart: one operation under two names.",
        },
        lead="One is clipping, the other is sparsification.",
    ),
)
