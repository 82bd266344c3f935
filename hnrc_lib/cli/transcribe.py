"""``hnrc transcribe``: recordings to text."""

import json
import sys
from typing import Annotated, Any

import typer

from hnrc_lib.cli.options import Json

_DEFAULT_MODEL = "an4"


def transcribe(
    files: Annotated[list[str], typer.Argument(help="Audio files; '-' reads one from standard input.")],
    model: Annotated[
        str, typer.Option(help="Name of a shipped model, or path of a model card.")
    ] = _DEFAULT_MODEL,
    as_json: Json = False,
) -> None:
    """Write down what is said in recordings of any length, one line for each file."""
    from hnrc_lib.audio import AudioError
    from hnrc_lib.recognition import ModelFileError, load_recognizer

    try:
        recognizer = load_recognizer(model)
    except ModelFileError as error:
        raise typer.BadParameter(str(error), param_hint="--model") from error
    reports: list[dict[str, Any]] = []
    failed = False
    for file in files:
        try:
            transcript = recognizer.transcribe_file(sys.stdin.buffer if file == "-" else file)
        except AudioError as error:
            failed = True
            typer.echo(str(error), err=True)
            reports.append({"file": file, "error": str(error)})
            continue
        reports.append({"file": file, "model": recognizer.card.name, **transcript.as_dict()})
        if not as_json:
            typer.echo(f"{file}: {transcript.text or f'[{transcript.reason}]'}")
    if as_json:
        typer.echo(json.dumps(reports, ensure_ascii=False, indent=2))
    if failed:
        raise typer.Exit(1)
