"""Claims 4.1, 4.2 and 4.12: what clipping does to gradients through time, to size and speed, and what it "
"is not."""

import io
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.recurrent import Unrolled, speech_frames, state_gradients
from hnrc_lib.claims.subjects import SpeechProblem, perceptron, speech_features
from hnrc_lib.experiments.record import load_record
from hnrc_lib.optim.clipping import ClipByGlobalNorm, clip_by_global_norm, clip_by_value, clip_gradients
from hnrc_lib.optim.clipping.norms import global_norm
from hnrc_lib.optim.clipping.report import angle_between

WORD_FRAMES, NUM_FRAMES, N_MELS, NUM_HIDDEN = 8, 16, 6, 16
LARGE, SMALL, RATE, CLIP, NUM_STEPS = 2.0, 0.5, 0.5, 0.5, 60
KEPT_SHARE, TARGET, MOST_STEPS, DESCENT_RATE = 0.1, 0.8, 300, 0.5
REPEATS = 15


def word_then_nothing(num_frames: int = NUM_FRAMES) -> tuple[Tensor, Tensor]:
    """A word in the first eight frames, then every band at its mean: what was said must be carried to the "
    "end."""
    frames, labels = speech_frames(WORD_FRAMES, n_mels=N_MELS)
    return F.pad(frames, (0, 0, 0, num_frames - WORD_FRAMES)), labels


def trained(
    gain: float, clip: float | None, num_steps: int = NUM_STEPS, rate: float = RATE
) -> tuple[Unrolled, list[float], list[float]]:
    """An Elman net after some steps; losses, and norms before clipping, of every step.

    Args:
        gain: factor on recurrent weights of N(0, 1/units).
        clip: threshold of the global norm, or None.
        num_steps: of gradient descent on 40 utterances.
        rate: η.
    """
    frames, labels = word_then_nothing()
    model = Unrolled("rnn", N_MELS, NUM_HIDDEN, gain=gain)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    if clip is not None:
        clip_gradients(optimizer, ClipByGlobalNorm(clip))
    losses, norms = [], []
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(frames), labels)
        loss.backward()
        norms.append(global_norm([part.grad for part in model.parameters() if part.grad is not None]))
        optimizer.step()
        losses.append(loss.item())
    return model, losses, norms


def through_time() -> Numbers:
    """Losses after sixty steps with and without clipping, from large and from small recurrent weights.

    ``kept`` is the gradient at the first state over that at the last, before training; a clip by norm
    multiplies both by one factor. Losses are means of the last ten steps.
    """
    frames, labels = word_then_nothing()
    numbers: dict[str, float] = {"num_steps": NUM_STEPS, "clip": CLIP, "rate": RATE}
    numbers |= {"large": LARGE, "small": SMALL}
    for name, gain in (("large", LARGE), ("small", SMALL)):
        along = state_gradients(Unrolled("rnn", N_MELS, NUM_HIDDEN, gain=gain), frames, labels)
        numbers[f"{name}_kept"] = float(along[0] / along[-1])
        for way, clip in (("plain", None), ("clipped", CLIP)):
            _, losses, norms = trained(gain, clip)
            numbers[f"{name}_{way}"] = sum(losses[-10:]) / 10
            numbers[f"{name}_{way}_norm"] = max(norms)
    return numbers


def judge_through_time(numbers: Numbers) -> Verdict:
    """The clip must make training succeed from both sides, or from one."""
    explosion, vanishing = (numbers[f"{n}_clipped"] < 0.8 * numbers[f"{n}_plain"] for n in ("large", "small"))
    if explosion:
        return HOLDS if vanishing else holds_if("only explosion is meant")
    return FAILS


def size_and_speed() -> Numbers:
    """Bytes and forward time of a network trained with a clip over those of one trained without.

    One forward pass of 40 utterances on one thread, the fastest of 15, taken in turns.
    """
    frames, _ = word_then_nothing()
    plain, clipped = trained(1.0, None, 5)[0], trained(1.0, CLIP, 5)[0]
    fastest = {"plain": float("inf"), "clipped": float("inf")}
    with torch.inference_mode():
        for _ in range(REPEATS):
            for name, model in (("plain", plain), ("clipped", clipped)):
                start = time.perf_counter()
                model(frames)
                fastest[name] = min(fastest[name], time.perf_counter() - start)
    record = load_record("compression").scalars
    return {
        "bytes_plain": _stored(plain),
        "bytes_clipped": _stored(clipped),
        "time_ratio": fastest["clipped"] / fastest["plain"],
        "int8_share": record["int8_bytes"] / record["float32_bytes"],
        "student_share": record["student_bytes"] / record["float32_bytes"],
        "student_time": record["student_milliseconds"] / record["float32_milliseconds"],
    }


def judge_size_and_speed(numbers: Numbers) -> Verdict:
    """A tenth less of either is a use; both are claimed."""
    small = numbers["bytes_clipped"] < 0.9 * numbers["bytes_plain"]
    fast = numbers["time_ratio"] < 0.8
    if small and fast:
        return HOLDS
    return holds_if("one of the two is meant") if small or fast else FAILS


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


def _stored(model: torch.nn.Module) -> int:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return len(file.getvalue())


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
        id="4.1",
        source="S4",
        section="§2.1",
        quote="这可以有效地避免梯度爆炸或梯度消失的问题",
        translation="This can effectively avoid the problem of exploding or vanishing gradients.",
        predicate=(
            "An Elman net hears a digit and then frames that say nothing, and is asked at the end. Sixty "
            "steps of gradient descent with and without a clip: holds iff the clip lowers the last loss by "
            "a fifth from large and from small recurrent weights; holds if only explosion is meant where "
            "it does so from large ones alone; fails otherwise."
        ),
        evidence=through_time,
        judge=judge_through_time,
        sentences={
            "holds": (
                "Clipping took the loss from {large_plain:.2f} to {large_clipped:.2f} with recurrent weights "
                "{large:g} times as large and from {small_plain:.2f} to {small_clipped:.2f} with weights "
                "{small:g} times as large."
            ),
            "holds if": (
                "With recurrent weights {large:g} times as large the gradient at the first state is "
                "{large_kept:.1f} times that at the last; {num_steps:.0f} steps at rate {rate:g} ended at "
                "a loss of {large_plain:.2f} without a clip and at {large_clipped:.2f} with one at "
                "{clip:g}. With weights {small:g} times as large the first has {small_kept:.0e} of the "
                "last, and the losses were {small_plain:.2f} and {small_clipped:.2f}: the norm never "
                "passed {small_plain_norm:.2f}, and there was nothing to clip."
            ),
            "fails": (
                "With large recurrent weights the loss ended at {large_plain:.2f} without a clip and at "
                "{large_clipped:.2f} with one, with small ones at {small_plain:.2f} and {small_clipped:.2f}."
            ),
        },
        lead="Explosion yes, vanishing no.",
    ),
    Claim(
        id="4.2",
        source="S4",
        section="§1",
        quote="梯度裁剪是一种优化深度学习模型的方法，可以在模型压缩和加速方面发挥作用。",
        translation=(
            "Gradient clipping is a method for optimising deep models that can play a part in compressing "
            "and accelerating models."
        ),
        predicate=(
            "A network trained with a clip against the same trained without: holds iff it is stored in less "
            "than 0.9 of the bytes and answers in less than 0.8 of the time; holds if one of the two is "
            "meant where one is so; fails otherwise."
        ),
        evidence=size_and_speed,
        judge=judge_size_and_speed,
        sentences={
            "holds": (
                "The clipped network takes {bytes_clipped:.0f} bytes in place of {bytes_plain:.0f}, and "
                "{time_ratio:.2f} of the time."
            ),
            "holds if": (
                "The clipped network takes {bytes_clipped:.0f} bytes, the other {bytes_plain:.0f}; it "
                "answers in {time_ratio:.2f} of the time."
            ),
            "fails": (
                "Both networks take {bytes_clipped:.0f} bytes, and the clipped one {time_ratio:.2f} of the "
                "time of the other. What does compress, in a record on FSDD: eight-bit weights take "
                "{int8_share:.0%} of the bytes; a distilled student {student_share:.0%}, and "
                "{student_time:.0%} of the time."
            ),
        },
        lead="No.",
    ),
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
