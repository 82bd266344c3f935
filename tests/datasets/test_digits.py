"""The shipped digits are what their manifest and their datasheet say."""

import csv
import hashlib
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from hnrc_lib.audio import AudioError
from hnrc_lib.datasets import Corpus, digits, load_digits, spectrograms
from hnrc_lib.paths import shipped

FOLDER = shipped("digits")


@pytest.fixture(scope="module")
def manifest() -> list[dict[str, str]]:
    with (FOLDER / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def speakers() -> dict[str, dict[str, str]]:
    with (FOLDER / "speakers.csv").open(encoding="utf-8", newline="") as file:
        return {row["speaker"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_digits()


def test_every_file_is_in_the_manifest_and_unchanged(manifest: list[dict[str, str]]) -> None:
    assert {row["file"] for row in manifest} == {
        path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.flac")
    }
    for row in manifest:
        assert hashlib.sha256((FOLDER / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]


def test_the_whole_corpus_is_at_most_8_mb() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 8_000_000


def test_no_voice_is_in_two_splits(
    manifest: list[dict[str, str]], speakers: dict[str, dict[str, str]]
) -> None:
    """A variant has one timbre in both languages, so both its speakers belong to one split."""
    for key in ("speaker", "variant"):
        split_of: dict[str, set[str]] = {}
        for row in manifest:
            split_of.setdefault(speakers[row["speaker"]][key], set()).add(row["split"])
        assert all(len(splits) == 1 for splits in split_of.values())
    assert all(speakers[row["speaker"]]["split"] == row["split"] for row in manifest)


@pytest.mark.parametrize("language", ["en", "cmn"])
@pytest.mark.parametrize(("split", "voices"), [("train", 12), ("dev", 4), ("test", 4)])
def test_every_split_is_balanced(
    language: str, split: str, voices: int, speakers: dict[str, dict[str, str]]
) -> None:
    part = load_digits(split, language=language)
    assert Counter((one.speaker, one.label) for one in part) == {
        (speaker, label): 4 for speaker in part.speakers for label in range(10)
    }
    assert len(part.speakers) == voices
    assert Counter(speakers[speaker]["sex"] for speaker in part.speakers) == {
        "f": voices // 2,
        "m": voices // 2,
    }


def test_texts_are_the_digits() -> None:
    english = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    for language, words in (("en", english), ("cmn", "零一二三四五六七八九")):
        assert {(one.label, one.text) for one in load_digits(language=language)} == set(enumerate(words))


def test_utterances_carry_the_manifest(corpus: Corpus, manifest: list[dict[str, str]]) -> None:
    for one, row in zip(corpus, manifest, strict=True):
        assert (one.name, one.speaker, one.language, one.text) == (
            row["name"], row["speaker"], row["language"], row["text"],
        )  # fmt: skip
        assert (one.label, len(one.samples), one.sha256) == (
            int(row["label"]),
            int(row["samples"]),
            row["sha256"],
        )
    assert corpus.missing == ()
    assert corpus.name == "digits"
    assert corpus.manifest_sha256 == json.loads((FOLDER / "corpus.json").read_text())["manifest_sha256"]


def test_files_are_8_khz_mono_16_bit_flac(manifest: list[dict[str, str]]) -> None:
    for row in manifest[::40]:
        info = soundfile.info(FOLDER / row["file"])
        assert (info.samplerate, info.channels, info.subtype, info.format) == (8000, 1, "PCM_16", "FLAC")


def test_every_clip_holds_a_word(corpus: Corpus, manifest: list[dict[str, str]]) -> None:
    """Lengths, levels, no clipping, no offset, and speech that stands out from the noise."""
    for one, row in zip(corpus, manifest, strict=True):
        samples = one.samples.double()
        assert 0.15 <= one.seconds <= 1.5, one.name
        assert 0.02 < samples.abs().max() < 0.9, one.name
        speech_and_noise = float(row["level_db"]) + 10 * np.log10(1 + 10 ** (-float(row["snr_db"]) / 10))
        assert 10 * torch.log10(samples.square().mean()).item() == pytest.approx(speech_and_noise, abs=1.5), (
            one.name
        )
        assert samples.mean().abs() < 0.1 * samples.square().mean().sqrt(), one.name
        frames = samples[: len(samples) // 80 * 80].reshape(-1, 80).square().mean(1)
        assert frames.max() > 8 * frames.min(), one.name


def test_the_first_take_is_dry_and_the_others_are_not(manifest: list[dict[str, str]]) -> None:
    for row in manifest:
        if row["take"] == "0":
            assert (row["rt60"], row["drr_db"], row["snr_db"]) == ("", "", "40.0")
        else:
            assert 0.15 <= float(row["rt60"]) <= 0.6
            assert 0 <= float(row["drr_db"]) <= 12
            assert 10 <= float(row["snr_db"]) <= 30
            assert row["noise"] in ("white", "pink", "brown")


@pytest.mark.parametrize("language", ["en", "cmn"])
def test_digits_can_be_told_apart_by_unheard_voices(language: str) -> None:
    """Nearest class mean; synthetic digits are easy, so much less would be a fault in the clips."""
    features, labels = spectrograms(load_digits("train", language=language))
    unheard, expected = spectrograms(load_digits("test", language=language))
    means = torch.stack([features[labels == label].mean(0).flatten() for label in range(10)])
    assert (torch.cdist(unheard.flatten(1), means).argmin(1) == expected).float().mean() > 0.85


def test_the_datasheet_states_what_is_here(corpus: Corpus) -> None:
    sheet = (FOLDER / "README.md").read_text(encoding="utf-8")
    audio = sum(path.stat().st_size for path in FOLDER.rglob("*.flac"))
    for fact in (
        f"{len(corpus)} utterances",
        f"{len(corpus.speakers)} voices",
        f"{corpus.seconds / 60:.1f} minutes",
        f"{audio / 1e6:.1f} MB",
        corpus.manifest_sha256,
    ):
        assert fact in sheet
    summary = json.loads((FOLDER / "corpus.json").read_text())
    assert summary["synthesizer"] in sheet
    assert re.search(r"CC BY 4\.0", sheet)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, r"split must be one of \('train', 'dev', 'test'\) or None, got 'valid'"),
        ({"split": "test", "language": "zh"}, r"language must be one of \('en', 'cmn'\) or None, got 'zh'"),
    ],
)
def test_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_digits(**arguments)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the corpus that may be spoilt."""
    shutil.copytree(FOLDER, tmp_path / "digits")
    monkeypatch.setattr(digits, "shipped", tmp_path.joinpath)
    return tmp_path / "digits"


def test_a_changed_file_is_named(copy: Path) -> None:
    shutil.copy(copy / "audio/en-f1/3_1.flac", copy / "audio/en-f1/3_2.flac")
    with pytest.raises(
        AudioError, match=r"'audio/en-f1/3_2\.flac' .* is not the file that manifest\.csv names"
    ):
        load_digits("train", language="en")
    assert len(load_digits("train", language="cmn")) == 480


def test_an_absent_file_is_named(copy: Path) -> None:
    (copy / "audio/en-f1/3_2.flac").unlink()
    with pytest.raises(AudioError, match=r"1 recordings? cannot be used:\n.*3_2\.flac"):
        load_digits("train")


def test_a_copy_without_data_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "shipped", tmp_path.joinpath)
    with pytest.raises(FileNotFoundError, match="the shipped digits have no manifest"):
        load_digits()
