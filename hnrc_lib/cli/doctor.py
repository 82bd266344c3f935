"""``hnrc doctor``: what the machine has and lacks."""

import json

import typer
from rich.console import Console
from rich.table import Table

from hnrc_lib.cli.options import Json

MARK = {"ok": "[green]ok[/]", "optional": "[yellow]absent, optional[/]", "missing": "[red]missing[/]"}


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
