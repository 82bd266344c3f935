"""Connected digit strings, made from isolated digits of one speaker."""

from collections import defaultdict

import numpy as np
import torch

from hnrc_lib.datasets.corpus import Corpus, Utterance

NOISE_DB = -40.0


def connect_digits(
    corpus: Corpus,
    *,
    num_strings: int,
    max_digits: int = 7,
    seed: int,
    gap_seconds: tuple[float, float] = (0.05, 0.3),
) -> Corpus:
    """Strings of 1 to ``max_digits`` digits, each from takes of one speaker in one language.

    Speaker, number of digits and takes are drawn uniformly, no take twice in one string. Between two
    digits lies a gap whose length is drawn uniformly, filled with white noise 40 dB below the power of the
    string's digits. String k depends on the seed and k alone, not on how many strings are asked for.

    What it is not: people who say a string run the digits into one another and let the pitch fall at
    its end. Here each digit keeps the start, the end, the pitch and the loudness of a digit said alone, and
    a gap lies between every two. Error rates on these strings are lower than on real ones.

    Args:
        corpus: isolated words of one sample rate; strings of a split come from that split's takes alone.
        num_strings: strings wanted, > 0.
        max_digits: most digits in a string, > 0, at most the takes of every speaker.
        seed: ≥ 0.
        gap_seconds: least and largest length of a gap, in seconds, 0 ≤ least ≤ largest.

    Returns:
        Utterances without labels; the text is the words, apart by one space; names are
        ``index_speaker``.

    Raises:
        ValueError: an argument out of range, mixed sample rates, a text of several words, a speaker with
            fewer takes than ``max_digits``.

    >>> said = [
    ...     Utterance(torch.full((800,), 0.1), 8000, "ann", "en", word, label, f"{label}_ann")
    ...     for label, word in enumerate(("zero", "one", "two"))
    ... ]
    >>> strings = connect_digits(Corpus("ann", said), num_strings=4, max_digits=3, seed=1)
    >>> [one.text for one in strings]
    ['one two', 'zero one', 'two zero', 'two zero']
    """
    _check(corpus, num_strings, max_digits, seed, gap_seconds)
    voices: dict[tuple[str, str], list[Utterance]] = defaultdict(list)
    for utterance in corpus:
        voices[utterance.speaker, utterance.language].append(utterance)
    few = {voice: len(takes) for voice, takes in voices.items() if len(takes) < max_digits}
    if few:
        raise ValueError(
            f"max_digits must not exceed the takes of any speaker, got {max_digits}, takes {few}"
        )
    ordered = [voices[voice] for voice in sorted(voices)]
    strings = [
        _string(ordered, index, np.random.default_rng([seed, index]), max_digits, gap_seconds)
        for index in range(num_strings)
    ]
    return Corpus(f"{corpus.name}, connected", strings, corpus.missing)


def _string(
    voices: list[list[Utterance]],
    index: int,
    generator: np.random.Generator,
    max_digits: int,
    gap_seconds: tuple[float, float],
) -> Utterance:
    takes = voices[generator.integers(len(voices))]
    count = generator.integers(1, max_digits, endpoint=True)
    digits = [takes[row] for row in generator.choice(len(takes), count, replace=False)]
    first = digits[0]
    power = torch.cat([digit.samples for digit in digits]).double().square().mean().item()
    level = np.sqrt(power * 10 ** (NOISE_DB / 10))
    pieces = [first.samples]
    for digit in digits[1:]:
        length = round(generator.uniform(*gap_seconds) * first.sample_rate)
        gap = level * generator.standard_normal(length)
        pieces += [torch.from_numpy(gap.astype(np.float32)), digit.samples]
    return Utterance(
        torch.cat(pieces),
        first.sample_rate,
        first.speaker,
        first.language,
        " ".join(digit.text for digit in digits),
        None,
        f"{index}_{first.speaker}",
    )


def _check(
    corpus: Corpus, num_strings: int, max_digits: int, seed: int, gap_seconds: tuple[float, float]
) -> None:
    for argument, value, least in (
        ("num_strings", num_strings, 1),
        ("max_digits", max_digits, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise ValueError(f"{argument} must be at least {least}, got {value}")
    if not 0 <= gap_seconds[0] <= gap_seconds[1] < float("inf"):
        raise ValueError(f"gap_seconds must be (least, largest) with 0 ≤ least ≤ largest, got {gap_seconds}")
    rates = sorted({utterance.sample_rate for utterance in corpus})
    if len(rates) != 1:
        raise ValueError(f"corpus {corpus.name!r} must hold utterances of one sample rate, got rates {rates}")
    several = [utterance.name for utterance in corpus if len(utterance.text.split()) != 1]
    if several:
        raise ValueError(f"every text of corpus {corpus.name!r} must be one word, not those of {several[:5]}")
