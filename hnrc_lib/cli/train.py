"""``hnrc train``: a recipe, trained; started again, it goes on."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from hnrc_lib.cli.options import Json

Changes = Annotated[list[str] | None, typer.Option("--set", help="A field of the recipe, as key=value.")]


def train(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, for example digits-cnn.")],
    size: Annotated[str, typer.Option(help="quick (a CPU, a minute), colab (a T4) or full.")] = "full",
    changes: Changes = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, adamw, hnrc, … or rivals:NAME.")] = None,
    clip: Annotated[str | None, typer.Option(help="Greatest norm, or RULE:NUMBER, or none.")] = None,
    decay: Annotated[float | None, typer.Option(help="Weight decay.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the fastest when left out.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of corpora; else HNRC_DATA_DIR.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the run; else runs/RECIPE-SIZE.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many, to go on another time.")] = None,
    checkpoint_seconds: Annotated[float, typer.Option(help="Time between checkpoints.")] = 60.0,
    tracker: Annotated[
        list[str] | None, typer.Option(help="tensorboard, or another of Accelerate's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a recipe; the same command goes on with a run that was stopped or killed."""
    from hnrc_lib.training.engine import run_recipe
    from hnrc_lib.training.options import RunOptions
    from hnrc_lib.training.recipes import make_recipe
    from hnrc_lib.training.report import run_progress

    fields = dict(_pair(change) for change in changes or [])
    fields |= {
        name: value
        for name, value in (("optimizer", optimizer), ("clip", clip), ("weight_decay", decay))
        if value is not None
    }
    try:
        made = make_recipe(recipe, size, fields)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from error
    folder = output or Path("runs") / f"{recipe}-{size}"
    ends = None if minutes is None else time.monotonic() + 60 * minutes
    with asked_to_stop() as signals, run_progress(sys.stderr if as_json else None) as progress:
        options = RunOptions(
            data_dir=data_dir,
            device=device,
            checkpoint_seconds=checkpoint_seconds,
            stop=lambda: bool(signals) or (ends is not None and time.monotonic() >= ends),
            progress=progress,
            trackers=tuple(tracker or ()),
        )
        try:
            result = run_recipe(made, folder, options)
        except (FileNotFoundError, ValueError, FloatingPointError, OSError) as error:
            typer.echo(f"{recipe}: {error}", err=True)
            raise typer.Exit(1) from error
    summary = result.summary()
    typer.echo(json.dumps(summary, ensure_ascii=False) if as_json else _lines(summary, folder))
    raise typer.Exit(130 if signals else 0)


def _pair(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"must be key=value, got {change!r}", param_hint="--set")
    return name.strip(), value.strip()


@contextmanager
def asked_to_stop() -> Iterator[list[int]]:
    """Signals that ask to stop (Ctrl-C, SIGTERM), gathered; a second Ctrl-C interrupts at once."""
    signals: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if signals:
            raise KeyboardInterrupt
        signals.append(number)
        typer.echo("stopping after this step; once more stops at once", err=True)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lines(summary: dict, folder: Path) -> str:
    lines = [f"damaged and passed over: {sentence}" for sentence in summary["damaged_checkpoints"]]
    if summary["too_short"]:
        lines.append(
            f"{len(summary['too_short'])} utterances were left out, too short for their texts: "
            f"{', '.join(summary['too_short'][:5])}"
        )
    if summary["skipped_steps"]:
        lines.append(f"{summary['skipped_steps']} steps were skipped: loss or gradient was not finite")
    if summary["finished"]:
        test = summary["test"]
        lines.append(
            f"test: error {test['error']:.4f}, word error {test['word_error']:.4f}; "
            f"{summary['steps']} steps, {summary['seconds']:.0f} s; in {folder}"
        )
    else:
        lines.append(f"stopped after {summary['steps']} steps; the same command goes on; in {folder}")
    return "\n".join(lines)
