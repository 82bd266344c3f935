"""``hnrc claims``: the source documents' claims, run."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from hnrc_lib.cli.options import Json

if TYPE_CHECKING:
    from hnrc_lib.claims import Evidence


def claims(
    identifiers: Annotated[
        list[str] | None, typer.Argument(help="Claims to run, for example 0.4; all when left out.")
    ] = None,
    as_json: Json = False,
    record: Annotated[
        bool, typer.Option("--record", help="Run all and write the file that the ledger's page shows.")
    ] = False,
) -> None:
    """Run the source documents' claims and print verdict and numbers."""
    from hnrc_lib.claims import LEDGER

    if record and (identifiers or as_json):
        raise typer.BadParameter("goes with no claims and no other option", param_hint="--record")
    unknown = [item for item in identifiers or [] if item not in LEDGER]
    if unknown:
        raise typer.BadParameter(f"no claim {unknown}; there are {list(LEDGER)}", param_hint="IDENTIFIERS")
    if as_json:
        _print_json(identifiers)
        return
    console, found = Console(), {}
    for identifier in identifiers or LEDGER:
        found[identifier] = evidence = LEDGER[identifier].run()
        console.print(
            f"[bold]{identifier}[/] {evidence.verdict} ({evidence.seconds:.1f} s): {evidence.sentence}"
        )
    if record:
        _record(found)


def _print_json(identifiers: list[str] | None) -> None:
    """Each row's ``claim`` is what the source says, in English; the other columns are the ledger's."""
    from hnrc_lib.claims.report import as_json, ledger_table

    rows = ledger_table(identifiers or None)
    typer.echo(as_json([{"claim": row.pop("translation")} | row for row in rows]))


def _record(found: "dict[str, Evidence]") -> None:
    from hnrc_lib.claims.recorded import RecordedLedger, save_ledger
    from hnrc_lib.experiments.record import current_commit, environment

    path = save_ledger(RecordedLedger(found, current_commit(), environment()))
    typer.echo(f"{len(found)} claims → {path}")
