"""The shipped digits can be made again."""

import csv
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import load_audio, resample
from hnrc_lib.audio.synthesis import SynthesisError, synthesize
from hnrc_lib.datasets import Corpus, Utterance, load_digits, spectrograms
from hnrc_lib.datasets.digits_plan import NUM_TAKES, Plan, plans, speakers
from hnrc_lib.datasets.digits_synthesis import render, synthesize_digits
from hnrc_lib.paths import shipped

# One of every second voice, digits and takes in turn.
SAMPLE = [plan.name for plan in plans()[3 :: 2 * 10 * NUM_TAKES + 5]]
LEAST_STEP = 2**-15


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize_digits(tmp_path_factory.mktemp("digits"), only=SAMPLE)


def test_the_sample_covers_voices_digits_and_takes() -> None:
    chosen = [plan for plan in plans() if plan.name in SAMPLE]
    assert len(chosen) >= 18
    assert len({plan.speaker for plan in chosen}) >= 18
    assert len({plan.label for plan in chosen}) >= 6
    assert {plan.take for plan in chosen} == set(range(NUM_TAKES))
    assert {plan.speaker.split for plan in chosen} == {"train", "dev", "test"}


def test_a_sample_made_again_equals_the_shipped_one(again: Path) -> None:
    """Sample for sample where the corpus was made, by features where arithmetic may round differently."""
    shipped_corpus = load_digits().where(name=SAMPLE)
    remade = Corpus(
        "again",
        [
            Utterance(load_audio(again / f"audio/{one.name}.flac").samples, 8000, one.speaker, one.language,
                      one.text, one.label, one.name)
            for one in shipped_corpus
        ],
    )  # fmt: skip
    difference = spectrograms(remade)[0] - spectrograms(shipped_corpus)[0]
    assert difference.square().mean((1, 2)).sqrt().max() < 0.2
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        for one, other in zip(shipped_corpus, remade, strict=True):
            assert len(one.samples) == len(other.samples), one.name
            assert (one.samples - other.samples).abs().max() <= 2 * LEAST_STEP, one.name


def test_tables_of_a_part_are_parts_of_the_shipped_tables(again: Path) -> None:
    for table, key in (("manifest.csv", "name"), ("speakers.csv", "speaker")):
        ours, theirs = (_rows(folder / table, key) for folder in (again, shipped("digits")))
        for name, row in ours.items():
            row.pop("sha256", None)  # depends on libFLAC's version
            assert row.items() <= theirs[name].items()
        assert len(ours) == (len(SAMPLE) if key == "name" else len({name.split("/")[0] for name in SAMPLE}))


def _rows(path: Path, key: str) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def test_the_shipped_tables_are_the_plan() -> None:
    rows = _rows(shipped("digits", "manifest.csv"), "name")
    assert list(rows) == [plan.name for plan in plans()]
    for plan in plans():
        for field in (
            "rate",
            "pitch",
            "pitch_range",
            "rt60",
            "drr_db",
            "noise",
            "snr_db",
            "level_db",
            "take",
        ):
            value = getattr(plan, field)
            assert rows[plan.name][field] == ("" if value is None else str(value))
    assert list(_rows(shipped("digits", "speakers.csv"), "speaker")) == [who.name for who in speakers()]


def test_a_part_needs_a_folder_of_its_own(again: Path) -> None:
    with pytest.raises(
        FileExistsError, match=r"folder must be new when only is given, but .* has a manifest\.csv"
    ):
        synthesize_digits(again, only=SAMPLE[:1])


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"only must hold names such as 'en-f3/7_2', got \['en-f9/7_2'\]"):
        synthesize_digits(tmp_path, only={"en-f9/7_2"})
    assert not list(tmp_path.iterdir())


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    finished: list[int] = []

    def count(chosen: list[Plan]) -> Iterator[Plan]:
        for plan in chosen:
            yield plan
            finished.append(len(list(tmp_path.rglob("*.flac"))))

    synthesize_digits(tmp_path, only=SAMPLE[:3], progress=count)
    assert len(finished) == finished[-1] == 3
    assert all(files > index for index, files in enumerate(finished))


def test_a_failure_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SynthesisError, match="espeakng-loader"):
        synthesize_digits(tmp_path, only=SAMPLE[:3])
    assert not (tmp_path / "manifest.csv").exists()


@settings(deadline=None)
@given(st.sampled_from(plans()))
def test_plans_stay_in_range(plan: Plan) -> None:
    assert 80 <= plan.rate <= 200
    assert 20 <= plan.pitch <= 75
    assert 30 <= plan.pitch_range <= 85
    assert -38 <= plan.level_db <= -29
    assert (plan.rt60 is None) == (plan.drr_db is None) == (plan.take == 0)


def test_seeds_and_names_differ() -> None:
    assert len({plan.name for plan in plans()}) == len({plan.seed for plan in plans()}) == len(plans())


def test_takes_of_one_word_differ() -> None:
    one, *others = (render(plan) for plan in plans()[:NUM_TAKES])
    assert all(len(one) != len(other) or abs(one - other).max() > 0.01 for other in others)


def _timbre(variants: list[str]) -> torch.Tensor:
    """Log-mel spectrograms of four English digits by each variant at equal tempo, one row each."""
    words = [(variant, word) for variant in variants for word in ("one", "five", "six", "eight")]

    def say(request: tuple[str, str]) -> Utterance:
        variant, word = request
        samples, rate = synthesize(word, voice=f"en-us+{variant}", rate=160, volume=20)
        return Utterance(resample(samples, rate, 8000), 8000, variant, "en", word, 0, f"{word} {variant}")

    with ThreadPoolExecutor() as pool:
        features, _ = spectrograms(Corpus("variants", list(pool.map(say, words))))
    return features.reshape(len(variants), -1)


def test_no_voice_has_a_near_copy_in_another_split() -> None:
    """espeak-ng has families of almost equal variants; between splits none may be as near as such a pair."""
    split_of = {speaker.variant: speaker.split for speaker in speakers()}
    variants = list(split_of)
    timbre = _timbre([*variants, "Henrique", "Hugo", "steph2"])
    distance = torch.cdist(timbre, timbre) / timbre.shape[1] ** 0.5
    copies = max(
        distance[variants.index("Diogo"), -3], distance[variants.index("Diogo"), -2],
        distance[variants.index("steph"), -1],
    )  # fmt: skip
    across = min(
        distance[i, j]
        for i, one in enumerate(variants)
        for j, other in enumerate(variants)
        if split_of[one] != split_of[other]
    )
    assert across > 1.5 * copies
