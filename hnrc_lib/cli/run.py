"""``hnrc run``: recorded experiments again."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hnrc_lib.cli.options import Json


def run(
    name: Annotated[str, typer.Argument(help="Name of an experiment, or 'all'.")],
    data_dir: Annotated[Path | None, typer.Option(help="Folder of corpora; else HNRC_DATA_DIR.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the record; else data/runs.")] = None,
    as_json: Json = False,
) -> None:
    """Run a recorded experiment again and write its record."""
    from hnrc_lib.experiments import EXPERIMENTS, run_experiment

    if name != "all" and name not in EXPERIMENTS:
        raise typer.BadParameter(
            f"must be 'all' or one of {sorted(EXPERIMENTS)}, got {name!r}", param_hint="NAME"
        )
    for chosen in EXPERIMENTS if name == "all" else [name]:
        try:
            record = run_experiment(chosen, data_dir=data_dir)
        except FileNotFoundError as error:
            typer.echo(f"{chosen}: {error}", err=True)
            raise typer.Exit(1) from error
        path = record.save(output)
        if as_json:
            typer.echo(
                json.dumps({"record": chosen, "path": str(path), "scalars": record.scalars}, default=float)
            )
        else:
            typer.echo(
                f"{chosen}: {record.provenance.seconds:.0f} s, {record.provenance.scale}, wrote {path}"
            )
