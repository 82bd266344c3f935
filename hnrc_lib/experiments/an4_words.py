"""When each digit of AN4's training part is said: aligned by Gaussians trained on that part alone."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hnrc_lib.datasets import load_an4, load_an4_lexicon
from hnrc_lib.datasets.an4_digits import WORD_TIMES
from hnrc_lib.datasets.digits_plan import WORDS
from hnrc_lib.datasets.word_times import WordTime, write_ctm
from hnrc_lib.experiments.record import current_commit
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.paths import shipped
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.hybrid import make_frames_task
from hnrc_lib.training.recipes import make_recipe


def align_an4_digits(
    changes: Mapping[str, Any] | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    target: str | os.PathLike[str] | None = None,
) -> Path:
    """Train the Gaussians of ``an4-hybrid`` on all of AN4's training part, write when its digits are said.

    Args:
        changes: of that recipe's fields; the shipped file was made without any.
        data_dir: folder that holds AN4; the environment variable ``HNRC_DATA_DIR`` when None.
        target: file to write, CTM; the shipped one when None.

    Returns:
        Path of the file.

    Raises:
        FileNotFoundError: AN4 is not there.
    """
    train = load_an4("train", data_dir=data_dir)
    recipe = make_recipe("an4-hybrid", "full", changes)
    assert recipe.hybrid is not None
    parts = Parts(train, train[:0], train[:0], load_an4_lexicon(data_dir))
    with cpu_threads(1):
        task = make_frames_task(recipe.hybrid, recipe.front_end, parts)
        aligned = task.teacher.word_frames(train, task.lexicon)
    hop = recipe.front_end.hop_seconds
    digits = {word.upper() for word in WORDS["en"]}
    times = [
        WordTime(utterance.name, round(first * hop, 3), round((end - first) * hop, 3), word)
        for utterance, frames in zip(train, aligned, strict=True)
        for word, (first, end) in zip(utterance.text.split(), frames or (), strict=True)
        if word in digits
    ]
    path = Path(target) if target is not None else shipped(*WORD_TIMES)
    write_ctm(
        path,
        times,
        [
            f"Digits of {train.name}, aligned by the Gaussians of an4-hybrid, commit {current_commit()}.",
            f"Recordings: manifest sha256 {train.manifest_sha256}",
            "utterance channel start duration word; seconds",
        ],
    )
    return path


if __name__ == "__main__":
    print(align_an4_digits())
