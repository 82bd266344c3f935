"""``hnrc transcribe`` as a reader types it."""

import json
import os
import subprocess
import sys

import pytest
import torch
from typer.testing import CliRunner

from hnrc_lib.audio import write_audio
from hnrc_lib.cli import app
from hnrc_lib.datasets import load_digits


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    seven = next(u for u in load_digits("test", language="en") if u.label == 7)
    write_audio(folder / "seven.flac", seven.samples, 8000)
    write_audio(folder / "silence.wav", torch.zeros(8000), 8000)
    (folder / "broken.wav").write_bytes(b"no sound")
    return folder


def transcribe(digits_folder, *arguments: str, **options):
    command = ["transcribe", "--model", str(digits_folder), *arguments]
    return CliRunner().invoke(app, command, **options)


def test_each_file_has_its_line(digits_folder, recordings):
    files = [str(recordings / name) for name in ("seven.flac", "silence.wav")]
    done = transcribe(digits_folder, *files)
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first == f"{files[0]}: seven"
    assert second.startswith(f"{files[1]}: [no speech: the loudest moment")


def test_a_file_that_fails_is_named_and_the_others_are_printed(digits_folder, recordings):
    files = [str(recordings / name) for name in ("broken.wav", "absent.wav", "seven.flac")]
    done = transcribe(digits_folder, *files)
    assert done.exit_code == 1
    assert done.stdout == f"{files[2]}: seven\n"
    broken, absent = done.stderr.splitlines()
    assert "broken.wav" in broken
    assert "no such file" in absent


def test_json_holds_words_and_failures(digits_folder, recordings):
    files = [str(recordings / name) for name in ("seven.flac", "broken.wav")]
    done = transcribe(digits_folder, *files, "--json")
    assert done.exit_code == 1
    heard, failed = json.loads(done.stdout)
    assert (heard["file"], heard["text"], heard["model"]) == (files[0], "seven", "digits-small")
    assert 0 < heard["words"][0]["end"] <= heard["seconds"]
    assert set(failed) == {"file", "error"}


def test_standard_input_is_read_in_a_process_of_its_own(digits_folder, recordings):
    command = [sys.executable, "-m", "hnrc_lib.cli", "transcribe", "-", "--model", str(digits_folder)]
    sound = (recordings / "seven.flac").read_bytes()
    done = subprocess.run(command, input=sound, capture_output=True, env=os.environ, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, b"-: seven\n"), done.stderr


def test_a_model_that_is_not_there_is_refused_with_those_that_are(digits_folder, recordings):
    done = transcribe("nothing", str(recordings / "seven.flac"), env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert "one of those shipped" in done.stderr
