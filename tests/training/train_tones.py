"""Runs in processes of their own, for tests that kill and starve them."""

import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import tiny_corpus

from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.options import RunOptions

RUNS = {
    "words": (tiny_corpus.word_recipe, tiny_corpus.word_parts),
    "long": (lambda: tiny_corpus.word_recipe(max_epochs=10), tiny_corpus.word_parts),
    "plain": (tiny_corpus.plain_recipe, tiny_corpus.odd_parts),
}


def run(folder: Path, name: str, told: Connection, limit: int | None = None) -> None:
    """Train, telling of every step, then of the end or of what stopped it.

    Args:
        folder: of the run.
        name: of ``RUNS``.
        told: where to tell.
        limit: bytes that a file may have: a write beyond fails, as on a disk without room.
    """
    torch.set_num_threads(1)
    if limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    make_recipe, make_parts = RUNS[name]
    options = RunOptions(device="cpu", checkpoint_seconds=0, progress=lambda report: told.send(report.step))
    try:
        result = run_recipe(make_recipe(), folder, options, parts=make_parts())
    except OSError as error:
        told.send(f"{type(error).__name__}: {error}")
    else:
        told.send(f"finished {result.finished}")


if __name__ == "__main__":

    class Nobody:
        def send(self, what: object) -> None:
            print(what, flush=True)

    run(Path(sys.argv[1]), sys.argv[2], Nobody())  # pyright: ignore[reportArgumentType]
