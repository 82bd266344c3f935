"""The keyword recipe on a folder laid out as Speech Commands is."""

import json
import os
import subprocess
import sys

import tiny_corpus
import torch

from hnrc_lib.audio import write_audio


def test_the_command_trains_on_a_folder_of_keywords(tmp_path):
    folder = tmp_path / "corpora" / "speech-commands"
    generator, listed = torch.Generator().manual_seed(0), {"validation_list.txt": [], "testing_list.txt": []}
    for word, hertz in (("up", 400.0), ("down", 1600.0)):
        (folder / word).mkdir(parents=True)
        for speaker in range(8):
            name = f"{word}/{speaker:08x}_nohash_0.wav"
            samples = tiny_corpus.tone(hertz, 0.5, generator).repeat_interleave(2)
            write_audio(folder / name, samples, 16000)
            if speaker >= 4:
                listed["validation_list.txt" if speaker < 6 else "testing_list.txt"].append(name)
    for name, lines in listed.items():
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    command = [sys.executable, "-m", "hnrc_lib.cli", "train", "keywords-cnn", "--size", "quick", "--json"]
    command += ["--data-dir", str(tmp_path / "corpora"), "--output", str(tmp_path / "run"), "--device", "cpu"]
    command += ["--set", "model.channels=[4,4,4]", "--set", "model.hidden=8", "--set", "batch_size=4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"]
    assert "validation loss" in done.stderr
    refused = subprocess.run(
        [*command, "--clip", "5"], capture_output=True, text=True, env=environment, check=False
    )
    assert refused.returncode == 1
    assert "holds a run with other ['clip']" in refused.stderr
