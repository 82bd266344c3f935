"""The bundle for a GPU machine, made of a small checkout and a small corpus."""

import itertools
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from hnrc_lib.datasets import load_fsdd
from hnrc_lib.datasets.bundle import build_bundle, copy_as_flac, main, pip_command


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository: two files of code, shipped digits, an image, and one file that is not tracked."""
    folder = tmp_path / "checkout"
    for name in ("lib/code.py", "Makefile", "data/digits/one.flac", "images/large.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "."], check=True)
    (folder / "secret.txt").write_text("not tracked")
    return folder


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    recordings = tmp_path / "corpora/fsdd/recordings"
    recordings.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for take in range(3):
        samples = generator.integers(-(2**15), 2**15, 4000).astype(np.int16)
        soundfile.write(recordings / f"7_jackson_{take}.wav", samples, 8000, subtype="PCM_16")
    (recordings.parent / "README.md").write_text("licence")
    (recordings / "._7_jackson_0.wav").write_text("hidden")
    return tmp_path / "corpora"


def build(output: Path, checkout: Path, corpora: Path | None, *named: str, **options) -> dict[str, int]:
    return build_bundle(output, repository=checkout, data_dir=corpora, corpora=named, wheels=(), **options)


def names(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return set(tar.getnames())


def test_it_holds_tracked_code_and_lossless_copies(checkout: Path, corpora: Path, tmp_path: Path) -> None:
    output = tmp_path / "dist/bundle.tar"
    sizes = build(output, checkout, corpora, "fsdd")
    assert names(output) == {
        "hnrc/lib/code.py",
        "hnrc/Makefile",
        "corpora/fsdd/README.md",
        *(f"corpora/fsdd/recordings/7_jackson_{take}.flac" for take in range(3)),
    }
    assert sizes["total"] == output.stat().st_size
    assert sizes["hnrc"] == len("lib/code.py") + len("Makefile")
    with tarfile.open(output) as tar:
        tar.extractall(tmp_path / "there", filter="data")
    original, copy = load_fsdd(data_dir=corpora), load_fsdd(data_dir=tmp_path / "there/corpora")
    assert [one.name for one in copy] == [one.name for one in original]
    assert all(torch.equal(ours.samples, theirs.samples) for ours, theirs in zip(copy, original, strict=True))
    assert [path.name for path in output.parent.iterdir()] == ["bundle.tar"]


def test_the_shipped_digits_come_when_named(checkout: Path, tmp_path: Path) -> None:
    build(tmp_path / "b.tar", checkout, None, "digits")
    assert names(tmp_path / "b.tar") == {"hnrc/lib/code.py", "hnrc/Makefile", "hnrc/data/digits/one.flac"}


def test_the_same_content_is_the_same_archive(checkout: Path, corpora: Path, tmp_path: Path) -> None:
    archives = [tmp_path / "a.tar", tmp_path / "b.tar"]
    for archive in archives:
        build(archive, checkout, corpora, "fsdd")
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_what_is_too_large_is_refused_with_its_sizes(checkout: Path, corpora: Path, tmp_path: Path) -> None:
    output = tmp_path / "dist/b.tar"
    with pytest.raises(ValueError, match=r"must not exceed 0\.0 MiB, got .* MiB \(hnrc .*corpora/fsdd "):
        build(output, checkout, corpora, "fsdd", limit_bytes=10_000)
    assert list(output.parent.iterdir()) == []


def test_what_cannot_be_packed_is_named(checkout: Path, corpora: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"corpora must be of \('an4', 'fsdd', 'digits'\), got \['timit'\]"):
        build(tmp_path / "b.tar", checkout, corpora, "timit")
    with pytest.raises(FileNotFoundError, match=r"no folder 'an4' in .*hnrc data fetch an4"):
        build(tmp_path / "b.tar", checkout, corpora, "an4")
    with pytest.raises(FileNotFoundError, match="since HNRC_DATA_DIR is not set"):
        build(tmp_path / "b.tar", checkout, None, "fsdd")
    with pytest.raises(RuntimeError, match=r"git .* failed: .*not a git repository"):
        build(tmp_path / "b.tar", corpora, corpora, "fsdd")


def test_24_bit_recordings_are_not_squeezed(tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    soundfile.write(tmp_path / "it/a.wav", np.zeros(100), 8000, subtype="PCM_24")
    with pytest.raises(ValueError, match=r"it/a\.wav' must be 16-bit PCM to be kept exactly, got PCM_24"):
        copy_as_flac(tmp_path / "it", tmp_path / "out")


def test_pip_is_asked_for_pinned_wheels_of_the_other_machine() -> None:
    command = pip_command(["jiwer", "optuna"], "3.13", Path("w"), Path("constraints.txt"))
    options = dict(itertools.pairwise(command))
    assert options["--python-version"] == "3.13"
    assert (options["--constraint"], options["--dest"]) == ("constraints.txt", "w")
    assert {"--no-deps", "--only-binary=:all:"} <= set(command)
    assert "manylinux_2_28_x86_64" in command
    assert command[-2:] == ["jiwer", "optuna"]


def test_a_failure_of_pip_is_told(checkout: Path, tmp_path: Path) -> None:
    (checkout / "constraints.txt").write_text("")
    with pytest.raises(RuntimeError, match=r"pip download … failed: .*no-such-file"):
        build_bundle(
            tmp_path / "b.tar", repository=checkout, data_dir=None, corpora=(), wheels=["./no-such-file.whl"]
        )


def test_the_command_says_size_and_use(
    checkout: Path,
    corpora: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("HNRC_DATA_DIR", str(corpora))
    main(["fsdd", "--output", str(tmp_path / "b.tar"), "--wheels"])
    assert (
        f"{tmp_path / 'b.tar'}: 0.0 MiB (hnrc 0.0, corpora/fsdd 0.0, wheels 0.0)" in capsys.readouterr().out
    )
    with pytest.raises(SystemExit, match="gpu-bundle: there is no folder 'an4'"):
        main(["an4", "--output", str(tmp_path / "b.tar"), "--wheels"])
