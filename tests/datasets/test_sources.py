"""The shipped manifests, against the published layout and the real copies."""

import os
import re
from pathlib import Path

import pytest

from hnrc_lib.datasets import Corpus
from hnrc_lib.datasets.fsdd import SPEAKERS, TAKES
from hnrc_lib.datasets.manifest import read_manifest
from hnrc_lib.datasets.sources import SOURCES, compute_manifest

HASH = re.compile("[0-9a-f]{64}")


@pytest.mark.parametrize("name", ["fsdd", "an4"])
def test_a_manifest_says_what_it_is_of(name: str) -> None:
    source = SOURCES[name]
    assert source.manifest is not None
    manifest = read_manifest(source.manifest)
    assert (manifest.name, manifest.version, manifest.source) == (name, source.version, source.url)
    assert all(sha256 is None or HASH.fullmatch(sha256) for sha256 in manifest.files.values())
    assert not any(path.startswith("/") or ".." in path for path in manifest.files)


def test_fsdd_has_every_recording_and_theo_s_hashes_are_unknown_and_said_so() -> None:
    files = SOURCES["fsdd"].files()
    recordings = {
        f"recordings/{d}_{who}_{take}.wav" for d in range(10) for who in SPEAKERS for take in range(TAKES)
    }
    assert set(files) == recordings | {"README.md", "metadata.py"}
    unknown = {path for path, sha256 in files.items() if sha256 is None}
    assert unknown == {path for path in recordings if "_theo_" in path} | {"README.md"}
    assert SOURCES["fsdd"].manifest is not None
    assert "500 recordings of speaker theo are unknown" in read_manifest(SOURCES["fsdd"].manifest).note


def test_an4_has_every_recording_and_every_hash_is_known() -> None:
    files = SOURCES["an4"].files()
    assert sum(path.startswith("wav/an4_clstk/") for path in files) == 948
    assert sum(path.startswith("wav/an4test_clstk/") for path in files) == 130
    assert {"LICENSE", "etc/an4.dic", "etc/an4_train.fileids", "etc/an4_test.transcription"} <= set(files)
    assert None not in files.values()


def test_what_has_no_manifest_has_a_hash() -> None:
    assert all(source.manifest or HASH.fullmatch(source.sha256 or "") for source in SOURCES.values())
    assert SOURCES["speech-commands"].files() == {}


@pytest.mark.speech
@pytest.mark.parametrize("name", ["fsdd", "an4"])
def test_the_shipped_manifest_is_that_of_the_copy_here(name: str) -> None:
    source = SOURCES[name]
    assert source.manifest is not None
    here = compute_manifest(source, Path(os.environ["HNRC_DATA_DIR"]) / name)
    shipped = read_manifest(source.manifest)
    assert here == shipped


@pytest.mark.speech
def test_utterances_carry_the_hashes_of_the_manifest(an4: Corpus, fsdd: Corpus) -> None:
    files = SOURCES["an4"].files()
    assert {one.sha256 for one in an4} == {sha256 for path, sha256 in files.items() if "wav/" in path}
    files = SOURCES["fsdd"].files()
    assert all(files[f"recordings/{one.name}.wav"] in (one.sha256, None) for one in fsdd)
