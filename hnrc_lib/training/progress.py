"""What a training run tells while it runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Protocol, cast, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


@dataclass(frozen=True)
class EpochReport:
    """Where a training run stands after an epoch.

    Attributes:
        epoch: number of the epoch, from 1.
        max_epochs: how many there are at most.
        train_loss: mean training loss over the epoch's batches, as the weights moved, in nats.
        train_accuracy: likewise, 0 … 1.
        validation_loss: mean cross-entropy on the validation data after the epoch, in nats.
        validation_accuracy: 0 … 1.
        is_best: whether the validation loss is the lowest so far.
        seconds: wall-clock time since the start.
        remaining_seconds: expected time to the last epoch at the mean pace so far; an upper estimate,
            because training may stop early.
    """

    epoch: int
    max_epochs: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    is_best: bool
    seconds: float
    remaining_seconds: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}/{self.max_epochs}: "
            f"train loss {self.train_loss:.4f}, accuracy {self.train_accuracy:.3f}; "
            f"validation loss {self.validation_loss:.4f}, accuracy {self.validation_accuracy:.3f}"
            f"{' (best)' if self.is_best else ''}; "
            f"{self.seconds:.1f} s, at most {self.remaining_seconds:.0f} s to go"
        )


@runtime_checkable
class Stream(Protocol):
    """What is asked of a stream to write to; an open text file and ``io.StringIO`` have it."""

    def write(self, text: str, /) -> int: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


ProgressCallback = Callable[[EpochReport], None]


@contextmanager
def console_progress(stream: Stream | None = None) -> Iterator[ProgressCallback]:
    """Show a training run: a live bar on a terminal, one plain line per epoch anywhere else.

    Args:
        stream: where to; standard output when None.

    Yields:
        What ``train`` takes as ``progress``.

    >>> with console_progress() as show:
    ...     show(EpochReport(1, 20, 1.5, 0.4, 1.25, 0.5, True, 2.0, 38.0))
    epoch 1/20: train loss 1.5000, accuracy 0.400; validation loss 1.2500, accuracy 0.500 (best);
    2.0 s, at most 38 s to go
    """
    target = sys.stdout if stream is None else stream
    if not target.isatty():
        yield lambda report: print(report, file=target, flush=True)
        return
    console = Console(file=cast(IO[str], target))
    with Progress(BarColumn(bar_width=16), TextColumn("{task.description}"), console=console) as bar:
        task = bar.add_task("first epoch", total=None)

        def show(report: EpochReport) -> None:
            # Short enough for a terminal of 80 columns.
            words = (
                f"{report.epoch}/{report.max_epochs} · loss {report.validation_loss:.4f} · "
                f"accuracy {report.validation_accuracy:.3f} · ≤ {report.remaining_seconds:.0f} s to go"
            )
            bar.update(task, total=report.max_epochs, completed=report.epoch, description=words)

        yield show
