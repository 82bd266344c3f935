"""Cards of models small enough for tests."""

import dataclasses

from hnrc_lib.audio import FrontEnd
from hnrc_lib.recognition import ModelCard

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def card(**changes) -> ModelCard:
    """A card of a small classifier of English digits."""
    front_end = FrontEnd(8000, n_mels=16, num_frames=20)
    options = {"num_features": 16, "num_frames": 20, "channels": (12, 24), "hidden": 32}
    base = ModelCard(
        "digits-small",
        "classify",
        "CNN",
        options,
        front_end,
        WORDS,
        data="shipped digits, English",
        licence="Apache-2.0",
        accuracy={"held-out voices": 0.9},
        limits="synthetic voices",
    )
    return dataclasses.replace(base, **changes)
