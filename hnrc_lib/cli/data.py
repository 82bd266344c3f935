"""``hnrc data``: corpora, made and checked."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

app = typer.Typer(no_args_is_help=True, help="Corpora: make them, check them.")


@app.command()
def synthesize(
    output: Annotated[Path, typer.Option(help="Folder to write; must not exist yet, or be empty.")] = Path(
        "digits"
    ),
) -> None:
    """Make the shipped digits corpus again with espeak-ng: the same voices, rooms and noise."""
    from hnrc_lib.datasets.digits_synthesis import synthesize_digits

    if output.exists() and any(output.iterdir()):
        raise typer.BadParameter(f"{output} is not empty", param_hint="--output")
    synthesize_digits(output, progress=lambda clips: track(clips, description="espeak-ng"))
    typer.echo(f"wrote {output}")
