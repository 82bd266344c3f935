"""What a run tells while it goes: a live line on a terminal, plain lines anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hnrc_lib.training.progress import Stream
from hnrc_lib.training.run_state import EpochMeasures


@dataclass(frozen=True)
class StepReport:
    """Where a run stands after a step.

    Attributes:
        step: steps done.
        num_steps: of the whole run, unless it stops early.
        epoch: the epoch under way, from 1.
        max_epochs: how many there are at most.
        loss: of this step.
        grad_norm: before clipping.
        clipped_fraction: of this epoch's steps.
        learning_rate: of this step.
        damping: λ of an optimiser that has one, else None.
        utterances_per_second: trained on, since the run was started or resumed.
        remaining_seconds: to the last epoch, at this pace.
        finished_epoch: measures of the epoch that this step ended, else None.
    """

    step: int
    num_steps: int
    epoch: int
    max_epochs: int
    loss: float
    grad_norm: float
    clipped_fraction: float
    learning_rate: float
    damping: float | None
    utterances_per_second: float
    remaining_seconds: float
    finished_epoch: EpochMeasures | None

    def __str__(self) -> str:
        damping = "" if self.damping is None else f" · λ {self.damping:.2g}"
        return (
            f"{self.epoch}/{self.max_epochs} · loss {self.loss:.4f} · ‖g‖ {self.grad_norm:.2g} · "
            f"clipped {self.clipped_fraction:.0%}{damping} · {self.utterances_per_second:.0f} utt/s · "
            f"{self.remaining_seconds:.0f} s to go"
        )


def epoch_line(report: StepReport) -> str:
    """A finished epoch in one line."""
    done = report.finished_epoch
    assert done is not None
    return (
        f"epoch {done.epoch}/{report.max_epochs}: train loss {done.train_loss:.4f}; validation loss "
        f"{done.validation_loss:.4f}, error {done.validation_error:.4f}, word error "
        f"{done.validation_word_error:.4f}; clipped {done.clipped_fraction:.0%}; "
        f"{report.utterances_per_second:.0f} utterances/s, {report.remaining_seconds:.0f} s to go"
    )


@contextmanager
def run_progress(stream: Stream | None = None) -> Iterator[Callable[[StepReport], None]]:
    """Show a run: a live bar with every step on a terminal, one plain line per epoch anywhere else.

    Args:
        stream: where to; standard output when None.

    Yields:
        What ``RunOptions.progress`` takes.
    """
    target = sys.stdout if stream is None else stream

    def plain(report: StepReport) -> None:
        if report.finished_epoch is not None:
            print(epoch_line(report), file=target, flush=True)

    if not target.isatty():
        yield plain
        return
    console = Console(file=cast(IO[str], target))
    with Progress(BarColumn(bar_width=16), TextColumn("{task.description}"), console=console) as bar:
        task = bar.add_task("first step", total=None)

        def show(report: StepReport) -> None:
            bar.update(task, total=report.num_steps, completed=report.step, description=str(report))
            if report.finished_epoch is not None:
                bar.console.print(epoch_line(report), highlight=False)

        yield show
