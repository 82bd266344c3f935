"""Claims 4.7 and 4.8: the printed formulas of MFCC and of an HMM's likelihood."""

from itertools import product
from typing import Any

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.audio import log_mel_spectrogram, mfcc
from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.datasets import load_digits
from hnrc_lib.sequence.hmm import HMM, forward

SETTINGS: dict[str, Any] = {"sample_rate": 8000, "n_fft": 256, "hop_length": 80, "n_mels": 24}
NUM_MFCC = 13  # as many as are kept of them
OBSERVED = (0, 1, 1, 0)


def printed_features(decibels: Float[Tensor, "time band"]) -> Float[Tensor, "band"]:
    """S4 §3.2.1: c_i = 13 + ½ log₁₀(Σ_t 10^(0.05 d_ti) / Σ_t 10^(0.05 d_t,avg))."""
    above = (10 ** (0.05 * decibels)).sum(dim=0)
    return 13 + 0.5 * torch.log10(above / (10 ** (0.05 * decibels.mean(dim=1))).sum())


def features_in_time() -> Numbers:
    """How much the printed numbers and MFCC of one spoken word change when its frames are shuffled."""
    word = next(one for one in load_digits("test") if one.text == "seven")
    energies = log_mel_spectrogram(word.samples.double(), **SETTINGS)
    decibels = energies * 10 / torch.log(torch.tensor(10.0))
    order = torch.randperm(len(decibels), generator=torch.Generator().manual_seed(0))
    every = mfcc(word.samples.double(), **SETTINGS, n_mfcc=SETTINGS["n_mels"])
    printed, mean, coefficients = printed_features(decibels), every.mean(dim=0), every[:, :NUM_MFCC]
    return {
        "num_frames": len(decibels),
        "num_printed": len(printed),
        "num_coefficients": coefficients.numel(),
        "printed_change": float((printed_features(decibels[order]) - printed).abs().max()),
        "coefficient_change": float((coefficients[order] - coefficients).abs().max()),
        "printed_to_mean": float((printed - mean).norm() / mean.norm()),
    }


def judge_features_in_time(numbers: Numbers) -> Verdict:
    """They must see the order of the frames, and be MFCC at least in the mean over time."""
    sees_time = numbers["printed_change"] > 1e-6 * numbers["coefficient_change"]
    is_mfcc = numbers["printed_to_mean"] < 1e-6
    if sees_time:
        return HOLDS if is_mfcc else FAILS
    return holds_if("the mean over time is meant") if is_mfcc else FAILS


def likelihood_lines() -> Numbers:
    """The three printed lines for three states and four frames, against the sum over all 81 paths.

    The free state of the third line is filled in by every path in turn, and by its posterior.
    """
    generator = torch.Generator().manual_seed(0)
    pi, moves, emits = (_rows(generator, shape) for shape in ((3,), (3, 3), (3, 2)))
    b = emits[:, list(OBSERVED)].T
    paths = list(product(range(3), repeat=len(OBSERVED)))
    exact = sum(_of_path(path, pi, moves, b) for path in paths)
    lattice = float(HMM(pi, moves).log_likelihood(b.log()[None]).exp())
    third = torch.stack([(moves[list(path)] * b).sum(dim=1).prod() for path in paths])
    alpha = forward(pi, moves, b.log()[None]).log_alpha[0].exp()
    given = alpha / alpha.sum(dim=1, keepdim=True)
    steps = torch.stack([(pi * b[0]).sum(), *(given[:-1] @ moves * b[1:]).sum(dim=1)])
    return {
        "num_paths": len(paths),
        "likelihood": exact,
        "first_lines_error": abs(lattice - exact) / exact,
        "third_low": float(third.min()),
        "third_high": float(third.max()),
        "mended_error": abs(float(steps.prod()) - exact) / exact,
    }


def judge_likelihood_lines(numbers: Numbers) -> Verdict:
    """The third line must give one number, the likelihood, by itself or with its free state weighted."""
    if numbers["first_lines_error"] > 1e-9 or numbers["mended_error"] > 1e-9:
        return FAILS
    spread = numbers["third_high"] - numbers["third_low"]
    one = spread < 1e-9 * numbers["likelihood"] and abs(numbers["third_low"] - numbers["likelihood"]) < 1e-9
    return HOLDS if one else holds_if("the free state is weighted by its posterior")


def _rows(generator: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    parts = torch.rand(*shape, generator=generator, dtype=torch.float64)
    return parts / parts.sum(dim=-1, keepdim=True)


def _of_path(path: tuple[int, ...], pi: Tensor, moves: Tensor, b: Tensor) -> float:
    value = pi[path[0]] * b[0, path[0]]
    for t in range(1, len(path)):
        value = value * moves[path[t - 1], path[t]] * b[t, path[t]]
    return float(value)


CLAIMS = (
    Claim(
        id="4.7",
        source="S4",
        section="§3.2.1",
        quote=(
            "梅尔频谱（MFCC）是一种常用的语音特征提取方法，可以捕捉语音信号的时域和频域特征。计算梅尔频谱的公式为："
        ),
        translation=(
            "The mel spectrum (MFCC) is a common method of feature extraction which can capture features of "
            "the speech signal in time and in frequency. The formula of the mel spectrum is:"
        ),
        predicate=(
            "On one spoken word: holds iff the printed numbers change when its frames are shuffled and equal "
            "the mean of its MFCC over time to 10⁻⁶; holds if the mean over time is meant where only the "
            "second is so; otherwise fails."
        ),
        evidence=features_in_time,
        judge=judge_features_in_time,
        sentences={
            "holds": (
                "The printed numbers changed by {printed_change:.1g} when the frames were shuffled and equal "
                "the mean MFCC to {printed_to_mean:.0e}."
            ),
            "holds if": (
                "The printed numbers equal the mean MFCC to {printed_to_mean:.0e}; shuffled frames changed "
                "them by {printed_change:.0e}."
            ),
            "fails": (
                "The formula gives {num_printed:.0f} numbers for a word of {num_frames:.0f} frames, MFCC "
                "{num_coefficients:.0f}. With the frames shuffled the printed numbers changed by "
                "{printed_change:.0e}, MFCC by {coefficient_change:.1f}: the formula sees no time. They are "
                "not the mean of MFCC over time either ({printed_to_mean:.1f} of its norm apart)."
            ),
        },
        lead="Not MFCC; does not depend on the order of frames; 梅尔频谱 is not MFCC either.",
    ),
    Claim(
        id="4.8",
        source="S4",
        section="§3.2.2",
        quote=("HMM的核心包括状态集、观测集和状态转移概率以及观测概率。HMM的数学模型公式为："),
        translation=(
            "The core of the HMM are the set of states, the set of observations, the transition "
            "probabilities and the observation probabilities. The equations of the HMM are:"
        ),
        predicate=(
            "Three states, four frames: fails unless the product of p(o_t | o_1…o_{t−1}) is the sum over all "
            "paths to 10⁻⁹, and the third line too with its free state weighted by its posterior; then holds "
            "iff the third line gives that number whatever the free state, otherwise holds if it is weighted."
        ),
        evidence=likelihood_lines,
        judge=judge_likelihood_lines,
        sentences={
            "holds": "All three lines give {likelihood:.6f}.",
            "holds if": (
                "Lines one and two are the likelihood: the forward algorithm and the sum over "
                "{num_paths:.0f} paths differ by {first_lines_error:.0e} of it, {likelihood:.4f}. Line three "
                "leaves the previous state free and gives {third_low:.4f} to {third_high:.4f}; with that "
                "state weighted by its posterior it is right to {mended_error:.0e}."
            ),
            "fails": (
                "The first lines miss the sum over paths by {first_lines_error:.1e} of it, the mended third "
                "by {mended_error:.1e}."
            ),
        },
        lead="Lines 1–2 hold; line 3 leaves s_{t−1} free and has no π.",
    ),
)
