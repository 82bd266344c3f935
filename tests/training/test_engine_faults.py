"""Runs in processes of their own, killed, starved of disk, and spread over two."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import tiny_corpus
import torch
import train_tones

from hnrc_lib.training.checkpoint import load_newest
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.options import RunOptions

SCRIPT = Path(__file__).with_name("train_tones.py")
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
# Its children begin with the library imported, so that twelve of them take seconds, not a minute.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["hnrc_lib.training.engine"])


@contextmanager
def started(folder: Path, name: str, limit: int | None = None) -> Iterator[tuple[BaseProcess, Connection]]:
    """A run in a process of its own, and what it tells."""
    told, telling = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=train_tones.run, args=(folder, name, telling, limit))
    process.start()
    telling.close()
    with told:
        yield process, told
    process.join()
    process.close()


def last_word(told: Connection) -> str:
    """The last that a process tells."""
    word = ""
    while True:
        try:
            word = str(told.recv())
        except EOFError:
            return word


def test_killed_at_ten_random_moments_it_ends_with_the_same_losses(tmp_path):
    """Each process is killed some milliseconds after it told of a step: computing, or writing."""
    moments = random.Random(0)
    recipe = tiny_corpus.word_recipe(max_epochs=10)
    whole = run_recipe(recipe, tmp_path / "whole", RunOptions(device="cpu"), parts=tiny_corpus.word_parts())
    folder = tmp_path / "killed"
    for _ in range(10):
        with started(folder, "long") as (process, told):
            for _ in range(moments.randint(1, 2)):
                told.recv()
            time.sleep(moments.uniform(0, 0.02))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
    checkpoint, damaged = load_newest(folder / "checkpoints")
    assert damaged == []
    assert checkpoint is not None
    assert 0 < checkpoint.step < whole.state.step
    with started(folder, "long") as (_, told):
        assert last_word(told) == "finished True"
    checkpoint, damaged = load_newest(folder / "checkpoints")
    assert damaged == []
    assert checkpoint.values["losses"] == whole.state.losses
    assert not list((folder / "checkpoints").glob(".*"))


def test_a_full_disk_is_named_and_the_earlier_checkpoint_goes_on(tmp_path):
    """A limit on a file's size stands for a disk without room: the write fails half-way, as there."""
    recipe, parts = tiny_corpus.word_recipe(), tiny_corpus.word_parts()
    whole = run_recipe(recipe, tmp_path / "whole", RunOptions(device="cpu"), parts=parts)
    folder, reports = tmp_path / "full", []
    options = RunOptions(device="cpu", progress=reports.append, stop=lambda: len(reports) == 4)
    run_recipe(recipe, folder, options, parts=parts)
    size = max(path.stat().st_size for path in folder.rglob("state.safetensors"))
    with started(folder, "words", limit=size // 2) as (_, told):
        assert "File too large" in last_word(told)
    checkpoint, damaged = load_newest(folder / "checkpoints")
    assert checkpoint is not None
    assert (checkpoint.step, damaged) == (4, [])
    assert not list((folder / "checkpoints").glob(".*"))
    result = run_recipe(recipe, folder, RunOptions(device="cpu"), parts=parts)
    assert result.state.losses == whole.state.losses


def test_two_processes_equal_one(tmp_path):
    """``accelerate launch`` as users call it; nine utterances leave one process without any in a step."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    command = [*launch, "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    port = ["--main_process_port", "0"]
    done = subprocess.run(
        [*command, *port, str(SCRIPT), str(tmp_path / "two"), "plain"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one = run_recipe(
        tiny_corpus.plain_recipe(), tmp_path / "one", RunOptions(device="cpu"), parts=tiny_corpus.odd_parts()
    )
    two, _ = load_newest(tmp_path / "two" / "checkpoints")
    torch.testing.assert_close(
        torch.tensor(two.values["losses"]), torch.tensor(one.state.losses), rtol=1e-5, atol=1e-6
    )
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(two.tensors[f"best.{name}"], value, rtol=1e-4, atol=1e-5)


def test_ctrl_c_stops_with_a_checkpoint_and_the_command_goes_on(tmp_path):
    command = [sys.executable, "-m", "hnrc_lib.cli", "train", "digits-cnn", "--size", "quick", "--json"]
    command += ["--output", str(tmp_path), "--set", "train_limit=64", "--set", "max_epochs=2"]
    command += ["--set", "average_last=0", "--device", "cpu", "--set", "model.channels=[4,4,4]"]
    process = subprocess.Popen(
        [*command, "--checkpoint-seconds", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    while not list(tmp_path.glob("checkpoints/step-*")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    told, complaint = process.communicate()
    assert process.returncode == 130, complaint
    stopped = json.loads(told)
    assert not stopped["finished"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"]
    assert json.loads(done.stdout)["steps"] == 4 > stopped["steps"]
