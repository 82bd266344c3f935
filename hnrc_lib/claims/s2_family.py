"""Claim 2.1: whether gradients vanish in recurrent networks and explode in convolutional ones."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.claims.deep import Deep, factor_per_layer, layer_gradients
from hnrc_lib.claims.recurrent import Unrolled, speech_frames, state_gradients

RECURRENT_GAINS = (0.5, 1.0, 4.0)
CONVOLUTIONAL_GAINS = (0.5 * 2**0.5, 2**0.5, 2 * 2**0.5)
DEPTHS = (8, 16)
NAMES = ("small", "usual", "large")
VANISHES, EXPLODES = 0.9, 1.1


def depth_and_family() -> Numbers:
    """Factor of a gradient's norm per frame of an Elman network and per layer of a convolutional one.

    Untrained, on spectrograms of spoken digits, each with small, usual and large weights (recurrent
    weights of N(0, γ²/fan-in) with γ = ½, 1 and 4; ReLU convolutions with half of He's deviation, with
    He's, and with twice it), the mean over 8 and 16 frames or layers.
    """
    numbers: dict[str, float] = {}
    for name, recurrent_gain, gain in zip(NAMES, RECURRENT_GAINS, CONVOLUTIONAL_GAINS, strict=True):
        recurrent, convolutional = [], []
        for depth in DEPTHS:
            frames, labels = speech_frames(depth, num_utterances=40)
            elman = Unrolled("rnn", frames.shape[-1], 16, gain=recurrent_gain)
            recurrent.append(factor_per_layer(state_gradients(elman, frames, labels)))
            images, labels = speech_frames(16, num_utterances=20)
            network = Deep("conv", (1, *[6] * depth), activation="relu", gain=gain)
            convolutional.append(factor_per_layer(layer_gradients(network, images, labels)))
        numbers[f"recurrent_{name}"] = sum(recurrent) / len(recurrent)
        numbers[f"convolutional_{name}"] = sum(convolutional) / len(convolutional)
    return numbers


def judge_depth_and_family(numbers: Numbers) -> Verdict:
    """All recurrent factors below 0.9 and all convolutional above 1.1; or do both happen in either family?"""
    recurrent = [numbers[f"recurrent_{name}"] for name in NAMES]
    convolutional = [numbers[f"convolutional_{name}"] for name in NAMES]
    if max(recurrent) < VANISHES and min(convolutional) > EXPLODES:
        return HOLDS
    depends = [min(factors) < VANISHES and max(factors) > EXPLODES for factors in (recurrent, convolutional)]
    return FAILS if all(depends) else holds_if("one looks at these weights alone")


CLAIMS = (
    Claim(
        id="2.1",
        source="S2",
        section="§1",
        quote="随着网络层数的增加，梯度可能会逐渐消失（在递归神经网络中）或爆炸（在卷积神经网络中）",
        translation=(
            "As the number of layers grows, the gradient may gradually vanish (in recurrent networks) or "
            "explode (in convolutional networks)."
        ),
        predicate=(
            "Factor of the gradient's norm per frame or layer, with small, usual and large weights. Holds "
            "iff it is below 0.9 for all three in the recurrent network and above 1.1 for all three in the "
            "convolutional one. Fails iff each of the two has a factor below 0.9 and another above 1.1."
        ),
        evidence=depth_and_family,
        judge=judge_depth_and_family,
        sentences={
            "holds": (
                "Recurrent: {recurrent_small:.2f}, {recurrent_usual:.2f} and {recurrent_large:.2f} a "
                "frame. Convolutional: {convolutional_small:.2f}, {convolutional_usual:.2f} and "
                "{convolutional_large:.2f} a layer."
            ),
            "holds if": (
                "Recurrent: {recurrent_small:.2f}, {recurrent_usual:.2f} and {recurrent_large:.2f} a "
                "frame. Convolutional: {convolutional_small:.2f}, {convolutional_usual:.2f} and "
                "{convolutional_large:.2f} a layer."
            ),
            "fails": (
                "With small, usual and large weights the gradient of an Elman network changed by "
                "{recurrent_small:.2f}, {recurrent_usual:.2f} and {recurrent_large:.2f} a frame, that of a "
                "convolutional network by {convolutional_small:.2f}, {convolutional_usual:.2f} and "
                "{convolutional_large:.2f} a layer. Either vanishes and explodes, as the weights have it."
            ),
        },
        lead="Depends on the initialisation, not on the family.",
    ),
)
