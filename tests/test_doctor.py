"""The corpora in the doctor's report."""

from pathlib import Path

import pytest
import torch

from hnrc_lib import doctor
from hnrc_lib.audio import write_audio


def corpora() -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine_corpora()}


def test_absent_corpora_are_optional_and_the_command_that_gets_them_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HNRC_DATA_DIR", raising=False)
    unset = corpora()
    monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path))
    for found in (unset, corpora()):
        assert [found[title].status for title in ("FSDD", "AN4")] == ["optional", "optional"]
        assert found["AN4"].mend.startswith(
            "hnrc data fetch an4 --data-dir FOLDER; export HNRC_DATA_DIR=FOLDER"
        )
        assert found["FSDD"].mend.startswith("hnrc data fetch fsdd")


def test_a_corpus_that_is_there_is_counted_with_its_gaps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path))
    wav, etc = tmp_path / "an4/wav/an4_clstk/fash", tmp_path / "an4/etc"
    wav.mkdir(parents=True)
    etc.mkdir()
    write_audio(wav / "an253-fash-b.wav", torch.full((400,), 0.25), 16000)
    for part, file_id, text in (
        ("train", "an4_clstk/fash/an253-fash-b", "GO (an253-fash-b)"),
        ("test", "", ""),
    ):
        (etc / f"an4_{part}.fileids").write_text(file_id)
        (etc / f"an4_{part}.transcription").write_text(text)
    found = corpora()
    assert (found["AN4"].status, found["FSDD"].status) == ("ok", "optional")
    assert found["AN4"].detail.startswith("1 utterances, 1 speakers; missing: AN4 train: 947 of 948")
    (wav / "an253-fash-b.wav").unlink()
    assert "fileids:1: no recording" in corpora()["AN4"].detail
