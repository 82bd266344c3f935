"""``hnrc claims``: the source documents' claims, run."""

import json
from typing import Annotated

import typer
from rich.console import Console

from hnrc_lib.cli.options import Json


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
