"""Run the tables and print them: ``python -m benchmarks [TABLE …] [--rounds N] [--quick]``."""

import argparse
import os
import warnings
from pathlib import Path

import torch

from benchmarks.harness import CLOCKS, Settings
from benchmarks.results import RESULTS, run_table, write
from benchmarks.tables import TABLES

QUICK = Settings(rounds=1, min_seconds=0.0)


def main(arguments: list[str] | None = None) -> None:
    """Measure with one thread and write ``data/benchmarks/TABLE.json``.

    Args:
        arguments: the command line; the process's own when left out.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}; all when left out"
    )
    parser.add_argument("--rounds", type=int, default=Settings.rounds, help="most rounds of a case")
    parser.add_argument(
        "--clock", choices=list(CLOCKS), default="cpu", help="time of the process or of the wall"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round, smaller tables: does everything run?"
    )
    parser.add_argument("--output", type=Path, help="where the JSON files go; nowhere when quick")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.tables) - set(TABLES))
    if unknown:
        parser.error(f"tables must be among {list(TABLES)}, got {unknown}")
    chosen = options.tables or list(TABLES)
    settings = QUICK if options.quick else Settings(rounds=options.rounds, clock=options.clock)
    folder = options.output or (None if options.quick else RESULTS)
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else torch's profiler says two lines a row
    torch.set_num_threads(1)
    for name in chosen:
        table = TABLES[name]
        print(f"\n# {table.title}\n{table.text}", flush=True)
        command = f"python -m benchmarks {name}" + (" --quick" if options.quick else "")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers warn of what they do with torch
            result = run_table(table, settings, scale="reduced" if options.quick else "full", command=command)
        if folder is not None:
            write(result, folder)


if __name__ == "__main__":
    main()
