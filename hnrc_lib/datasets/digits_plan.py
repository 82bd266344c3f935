"""Who speaks in the shipped digits, and under which conditions: everything that fixes an utterance."""

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np

SPLITS = ("train", "dev", "test")
LANGUAGES = ("en", "cmn")
NUM_TAKES = 4
WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "cmn": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
}


@dataclass(frozen=True)
class Speaker:
    """A voice of the corpus: a variant of espeak-ng in one language, with its own tempo and pitch.

    Attributes:
        language: ``"en"`` or ``"cmn"``.
        variant: of espeak-ng; all its speakers, of either language, are in one split.
        split: ``"train"``, ``"dev"`` or ``"test"``.
        sex: ``"f"`` or ``"m"``, as the variant is meant to sound.
        accent: espeak-ng's language, for example ``"en-gb-scotland"``.
        rate: in words per minute.
        pitch: 0 to 99; 50 is the variant's own.
        pitch_range: 0 to 99; 50 is the variant's own.
    """

    language: str
    variant: str
    split: str
    sex: str
    accent: str
    rate: int
    pitch: int
    pitch_range: int

    @property
    def name(self) -> str:
        """Language and variant, for example ``"en-f3"``."""
        return f"{self.language}-{self.variant.lower()}"


@dataclass(frozen=True)
class Plan:
    """All that fixes one utterance.

    Attributes:
        speaker: who speaks.
        label: the digit.
        take: 0 to 3; take 0 is dry and quiet.
        rate: of this take, in words per minute.
        pitch: of this take, 0 to 99.
        pitch_range: of this take, 0 to 99.
        rt60: reverberation time in seconds, or None in the dry take.
        drr_db: direct-to-reverberant ratio in decibels, or None in the dry take.
        noise: ``"white"``, ``"pink"`` or ``"brown"``.
        snr_db: signal-to-noise ratio in decibels.
        level_db: level of the speech in dBov.
        seed: of the room's tail and the noise.
    """

    speaker: Speaker
    label: int
    take: int
    rate: int
    pitch: int
    pitch_range: int
    rt60: float | None
    drr_db: float | None
    noise: str
    snr_db: float
    level_db: float
    seed: int

    @property
    def name(self) -> str:
        """Speaker, digit and take, for example ``"en-f3/7_2"``."""
        return f"{self.speaker.name}/{self.label}_{self.take}"

    @property
    def text(self) -> str:
        """The digit in words."""
        return WORDS[self.speaker.language][self.label]


# variant, split, sex, then for English accent, rate, pitch, pitch range, and for Mandarin the last three.
_VOICES = (
    ("f1", "train", "f", ("en-us", 165, 50, 50), (135, 48, 55)),
    ("f2", "train", "f", ("en-gb-x-rp", 150, 42, 60), (125, 52, 60)),
    ("f3", "train", "f", ("en-us", 180, 55, 45), (145, 45, 65)),
    ("f4", "train", "f", ("en-gb-scotland", 160, 45, 55), (130, 55, 50)),
    ("aunty", "train", "f", ("en", 145, 40, 50), (120, 38, 60)),
    ("anika", "train", "f", ("en-us", 120, 35, 45), (95, 40, 50)),
    ("m1", "train", "m", ("en-us", 170, 50, 50), (140, 52, 60)),
    ("m2", "train", "m", ("en-us-nyc", 155, 60, 60), (125, 45, 65)),
    ("m7", "train", "m", ("en-gb-x-gbclan", 165, 42, 55), (135, 60, 55)),
    ("quincy", "train", "m", ("en-029", 150, 55, 60), (120, 50, 60)),
    ("edward", "train", "m", ("en-us", 175, 45, 65), (145, 50, 70)),
    ("Diogo", "train", "m", ("en-gb-x-gbcwmd", 160, 52, 50), (130, 42, 60)),
    ("belinda", "dev", "f", ("en-us", 155, 42, 55), (130, 46, 55)),
    ("steph", "dev", "f", ("en", 170, 55, 55), (140, 52, 65)),
    ("Jacky", "dev", "m", ("en-us", 160, 55, 50), (125, 45, 60)),
    ("paul", "dev", "m", ("en-gb-scotland", 150, 48, 60), (135, 55, 65)),
    ("Annie", "test", "f", ("en-us", 165, 46, 50), (135, 50, 60)),
    ("Andrea", "test", "f", ("en-gb-x-rp", 125, 40, 50), (100, 42, 55)),
    ("Gene", "test", "m", ("en-us", 155, 52, 60), (130, 56, 65)),
    ("Michael", "test", "m", ("en", 170, 45, 55), (140, 48, 60)),
)


@cache
def speakers() -> tuple[Speaker, ...]:
    """The 40 speakers: 20 variants in English, the same 20 in Mandarin.

    >>> [sum(who.split == split for who in speakers()) for split in SPLITS]
    [24, 8, 8]
    """
    english = [Speaker("en", variant, split, sex, *voice) for variant, split, sex, voice, _ in _VOICES]
    mandarin = [
        Speaker("cmn", variant, split, sex, "cmn", *voice) for variant, split, sex, _, voice in _VOICES
    ]
    return (*english, *mandarin)


@cache
def plans() -> tuple[Plan, ...]:
    """What each of the 1600 utterances is made of, ordered by speaker, digit and take.

    >>> plans()[0].name, plans()[0].text, plans()[0].rt60, len(plans())
    ('en-f1/0_0', 'zero', None, 1600)
    """
    return tuple(
        _plan(speaker, label, take)
        for speaker in speakers()
        for label in range(10)
        for take in range(NUM_TAKES)
    )


def _plan(speaker: Speaker, label: int, take: int) -> Plan:
    """Draw a take's conditions from a seed that its own name gives, so that each can be made alone."""
    seed = int.from_bytes(hashlib.sha256(f"{speaker.name}/{label}_{take}".encode()).digest()[:4])
    uniform = np.random.default_rng(seed).uniform
    rate = round(speaker.rate * uniform(0.9, 1.1))
    pitch = round(speaker.pitch + uniform(-8, 8))
    pitch_range = round(speaker.pitch_range + uniform(-10, 10))
    level_db = round(uniform(-38, -29), 1)
    if take == 0:
        return Plan(speaker, label, take, rate, pitch, pitch_range, None, None, "white", 40.0, level_db, seed)
    return Plan(
        speaker=speaker,
        label=label,
        take=take,
        rate=rate,
        pitch=pitch,
        pitch_range=pitch_range,
        rt60=round(uniform(0.15, 0.6), 2),
        drr_db=round(uniform(0, 12), 1),
        noise=("white", "pink", "brown")[(label + take) % 3],
        snr_db=round(uniform(10, 30), 1),
        level_db=level_db,
        seed=seed,
    )
