"""The command line: ``hnrc doctor | data | train | run | sweep | transcribe | claims``."""

import typer

from hnrc_lib.cli import claims, data, doctor, run, sweep, train, transcribe

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(data.app, name="data")
app.command("doctor")(doctor.doctor)
app.command("train")(train.train)
app.command("run")(run.run)
app.command("sweep")(sweep.sweep)
app.command("transcribe")(transcribe.transcribe)
app.command("claims")(claims.claims)


def main() -> None:
    """Entry point of the ``hnrc`` command."""
    app()
