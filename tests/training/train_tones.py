"""A run in a process of its own, for tests that kill it: folder, name of the run, bytes a file may have."""

import resource
import signal
import sys
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


def main() -> None:
    torch.set_num_threads(1)
    folder, kind, *limit = sys.argv[1:]
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    make_recipe, make_parts = RUNS[kind]
    options = RunOptions(
        device="cpu", checkpoint_seconds=0, progress=lambda report: print(report.step, flush=True)
    )
    result = run_recipe(make_recipe(), Path(folder), options, parts=make_parts())
    print("done", result.finished, flush=True)


if __name__ == "__main__":
    main()
