"""Claim 0.10: how much of a gradient gets back to the first frame, and how that depends on the length."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.recurrent import Unrolled, decay_per_frame, kept_fraction

LENGTHS = (16, 32, 64)
GAIN = 3.0


def gradient_and_length() -> Numbers:
    """Gradient at the first state over that at the last, on 16 to 64 frames, in three untrained networks."""
    made = {
        "rnn": Unrolled("rnn", 6, 16),
        "large_rnn": Unrolled("rnn", 6, 16, gain=GAIN),
        "lstm": Unrolled("lstm", 6, 16),
    }
    numbers: dict[str, float] = {"shortest": LENGTHS[0], "longest": LENGTHS[-1]}
    for name, model in made.items():
        kept = [kept_fraction(model, length) for length in LENGTHS]
        numbers |= {
            f"{name}_short": kept[0],
            f"{name}_long": kept[-1],
            f"{name}_factor": decay_per_frame(kept, LENGTHS),
        }
    return numbers


def judge_gradient_and_length(numbers: Numbers) -> Verdict:
    """The fraction falls, or rises, a hundredfold from the shortest to the longest; for which of the nets?"""
    changes = {
        name: max(numbers[f"{name}_short"], numbers[f"{name}_long"])
        / min(numbers[f"{name}_short"], numbers[f"{name}_long"])
        for name in ("rnn", "large_rnn", "lstm")
    }
    far = {name for name, change in changes.items() if change >= 100}
    if far == {"rnn", "large_rnn", "lstm"}:
        return HOLDS
    return holds_if("the network is an Elman network") if {"rnn", "large_rnn"} <= far else FAILS


CLAIMS = (
    Claim(
        id="0.10",
        source="S0",
        section="§2",
        quote="音频信号的长度很长，梯度计算的过程中容易出现梯度消失和梯度爆炸。",
        translation="Audio signals are long, and gradients easily vanish and explode as they are computed.",
        predicate=(
            "The fraction of the gradient that arrives at the first frame changes at least a hundredfold "
            "from 16 to 64 frames. Holds iff it does so in an Elman network, in one with threefold "
            "recurrent weights, and in an LSTM with a forget bias of 1; with a condition if in the first "
            "two only; otherwise fails."
        ),
        evidence=gradient_and_length,
        judge=judge_gradient_and_length,
        sentences={
            "holds": (
                "From {shortest:.0f} to {longest:.0f} frames the fraction went from {rnn_short:.1e} to "
                "{rnn_long:.1e} in the Elman network (a factor {rnn_factor:.2f} a frame), from "
                "{large_rnn_short:.1e} to {large_rnn_long:.1e} with threefold weights "
                "({large_rnn_factor:.2f}), and from {lstm_short:.1e} to {lstm_long:.1e} in the LSTM "
                "({lstm_factor:.2f}), all of them untrained."
            ),
            "holds if": (
                "From {shortest:.0f} to {longest:.0f} frames the fraction went from {rnn_short:.1e} to "
                "{rnn_long:.1e} in the Elman network (a factor {rnn_factor:.2f} a frame) and from "
                "{large_rnn_short:.1e} to {large_rnn_long:.1e} with threefold weights "
                "({large_rnn_factor:.2f}), but only from {lstm_short:.1e} to {lstm_long:.1e} in the LSTM "
                "({lstm_factor:.2f})."
            ),
            "fails": (
                "From {shortest:.0f} to {longest:.0f} frames the fraction went from {rnn_short:.1e} to "
                "{rnn_long:.1e} in the Elman network and from {lstm_short:.1e} to {lstm_long:.1e} in the "
                "LSTM."
            ),
        },
        lead="Holds for the Elman network.",
    ),
)
