"""The command line: ``hnrc doctor | data | run | claims``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
data_app = typer.Typer(no_args_is_help=True, help="Corpora: make them, check them.")
app.add_typer(data_app, name="data")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
MARK = {"ok": "[green]ok[/]", "optional": "[yellow]absent, optional[/]", "missing": "[red]missing[/]"}


@app.command()
def doctor(as_json: Json = False) -> None:
    """Print versions, device and data found, and what is missing with the command that mends it."""
    from hnrc_lib import doctor as examination

    checks = examination.examine()
    report = examination.as_json(checks)
    if as_json:
        typer.echo(json.dumps(report, indent=1))
    else:
        table = Table("what", "state", "found", "to mend", box=None, pad_edge=False)
        for check in checks:
            table.add_row(check.name, MARK[check.status], check.detail, check.mend)
        Console().print(table)
    raise typer.Exit(0 if report["ok"] else 1)


@data_app.command()
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


@app.command()
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


@app.command()
def claims(
    identifiers: Annotated[
        list[str] | None, typer.Argument(help="Claims to run, for example 0.4; all when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the source documents' claims and print verdict and numbers."""
    from hnrc_lib.claims import LEDGER

    unknown = [item for item in identifiers or [] if item not in LEDGER]
    if unknown:
        raise typer.BadParameter(f"no claim {unknown}; there are {list(LEDGER)}", param_hint="IDENTIFIERS")
    rows = []
    for identifier in identifiers or LEDGER:
        evidence = LEDGER[identifier].run()
        rows.append(evidence)
        if not as_json:
            Console().print(
                f"[bold]{identifier}[/] {evidence.verdict} ({evidence.seconds:.1f} s): {evidence.sentence}"
            )
    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False, default=str))


def main() -> None:
    """Entry point of the ``hnrc`` command."""
    app()


if __name__ == "__main__":
    main()
