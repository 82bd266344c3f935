"""Claim 1.15: noise and other speakers, from records of real speech."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training import wilson_interval


def noise_and_speakers() -> Numbers:
    """Word errors in white noise, and of a speaker whom training had and of one whom it had not."""
    noisy, people = load_record("an4_ctc"), load_record("fsdd_cnn").scalars
    ratios, errors = noisy.arrays["snr_db"], noisy.arrays["wer_by_snr"]
    known = round(people["num_validation"] * (1 - people["validation_accuracy"]))
    low, high = wilson_interval(known, people["num_validation"])
    return {
        "clean": noisy.scalars["wer_beam"],
        "clean_high": noisy.scalars["wer_beam_high"],
        "lowest_ratio": float(ratios.min()),
        "noisiest": float(errors[ratios.argmin()]),
        "highest_ratio": float(ratios.max()),
        "least_noisy": float(errors[ratios.argmax()]),
        "known_speakers": known / people["num_validation"],
        "known_speakers_low": low,
        "known_speakers_high": high,
        "new_speaker": 1 - people["accuracy"],
        "new_speaker_low": 1 - people["accuracy_high"],
    }


def judge_noise_and_speakers(numbers: Numbers) -> Verdict:
    """Which of the two raises the error beyond the intervals."""
    noise = numbers["noisiest"] > numbers["clean_high"]
    speaker = numbers["new_speaker_low"] > numbers["known_speakers_high"]
    if noise != speaker:
        return holds_if("the challenge is noise" if noise else "the challenge is a new speaker")
    return HOLDS if noise else FAILS


_MEASURED = (
    "On AN4 the word error was {clean:.1%} clean, {least_noisy:.1%} at {highest_ratio:.0f} dB and "
    "{noisiest:.1%} at {lowest_ratio:.0f} dB of white noise. On FSDD the error was {known_speakers:.1%} on "
    "new takes of the speakers in training and {new_speaker:.1%} on a speaker who was not (lower end of the "
    "interval {new_speaker_low:.1%})."
)

CLAIMS = (
    Claim(
        id="1.15",
        source="S1",
        section="§1",
        quote="语音识别系统仍然存在着一些挑战，如噪声干扰、语音变化等。",
        translation=(
            "Speech recognition systems still have some challenges, such as interfering noise and variation "
            "of speech."
        ),
        predicate=(
            "Noise: the recorded word error on AN4 in the strongest white noise lies above the 95 % interval "
            "of the clean one. Variation, taken as another speaker: the recorded errors on FSDD of a speaker "
            "who was not in training and on new takes of those who were have intervals that do not overlap, "
            "the former higher. Holds if both, holds if the challenge is the one that does, otherwise fails."
        ),
        evidence=noise_and_speakers,
        judge=judge_noise_and_speakers,
        sentences={"holds": _MEASURED, "holds if": _MEASURED, "fails": _MEASURED},
        lead="Measure error against SNR and speaker.",
    ),
)
