"""``hnrc data``: corpora, fetched, checked and made."""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, track

from hnrc_lib.cli.options import Json
from hnrc_lib.paths import DATA_DIR_VARIABLE

app = typer.Typer(no_args_is_help=True, help="Corpora: fetch them, check them, make them.")

Name = Annotated[str, typer.Argument(help="fsdd, an4 or speech-commands.")]
Folder = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of corpora; else HNRC_DATA_DIR. Made if absent.")
]


@app.command()
def fetch(
    name: Name,
    data_dir: Folder = None,
    base_url: Annotated[
        str | None, typer.Option(help="Another server with the same paths, for example a mirror.")
    ] = None,
) -> None:
    """Download a published corpus, check every file, put it in place; or mend what is there.

    An attempt that was cut off goes on where it stopped. Nothing is asked of the network when every file
    is there already.
    """
    from hnrc_lib.datasets.errors import FetchError
    from hnrc_lib.datasets.fetch import fetch_corpus
    from hnrc_lib.datasets.manifest import name_some
    from hnrc_lib.datasets.sources import SOURCES

    _check_name(name, SOURCES)
    source, root = SOURCES[name], _folder(data_dir)
    try:
        with _progress() as report:
            done = fetch_corpus(
                source,
                root,
                base_url=base_url,
                progress=report,
                say=lambda line: typer.echo(f"{name}: {line}", err=True),
            )
    except (FetchError, OSError) as error:
        typer.echo(f"{name}: {error}", err=True)
        raise typer.Exit(1) from error
    if not done.placed:
        typer.echo(
            f"{name}: nothing to do, every file of {source.title} {source.version} is in {done.folder}"
        )
        return
    typer.echo(f"{name}: {len(done.placed)} files of {source.title} {source.version} placed in {done.folder}")
    if done.unverified:
        typer.echo(
            f"{name}: no hash is known of {len(done.unverified)} files, taken as they came: "
            f"{name_some(done.unverified, most=3)}"
        )
    if os.environ.get(DATA_DIR_VARIABLE) != str(root):
        typer.echo(f"to use it: export {DATA_DIR_VARIABLE}={root}")


@app.command()
def check(name: Name, data_dir: Folder = None, as_json: Json = False) -> None:
    """Compare a corpus with its manifest of hashes, file by file; the network is not asked."""
    from hnrc_lib.datasets.errors import FetchError
    from hnrc_lib.datasets.fetch import check_corpus
    from hnrc_lib.datasets.sources import SOURCES

    _check_name(name, SOURCES)
    source, root = SOURCES[name], _folder(data_dir)
    try:
        faults = check_corpus(source, root)
    except (FetchError, OSError) as error:
        typer.echo(f"{name}: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({"corpus": name, "folder": str(root / name), "faults": faults}, indent=1))
    elif faults is None:
        typer.echo(f"{name}: no manifest says what should be in {root / name}; fetch it once")
    elif faults:
        typer.echo("\n".join(f"{what} {path}" for path, what in faults.items()))
        typer.echo(f"{name}: {len(faults)} files; mend them with: hnrc data fetch {name} --data-dir {root}")
    else:
        typer.echo(f"{name}: every file of {source.title} {source.version} is in {root / name}")
    raise typer.Exit(0 if faults == {} else 1)


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


def _check_name(name: str, known: Collection[str]) -> None:
    if name not in known:
        raise typer.BadParameter(f"must be one of {sorted(known)}, got {name!r}", param_hint="NAME")


def _folder(data_dir: Path | None) -> Path:
    named = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    if not named:
        raise typer.BadParameter(
            f"name a folder of corpora: --data-dir FOLDER or {DATA_DIR_VARIABLE}", param_hint="--data-dir"
        )
    return Path(named).expanduser()


@contextmanager
def _progress() -> Iterator[Callable[[int, int | None], None]]:
    """A bar on a terminal, else a line for every tenth of the download."""
    if not sys.stderr.isatty():
        yield _PlainProgress()
        return
    from rich.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("download", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _PlainProgress:
    """Lines such as ``40 % of 88.6 MiB``, or every 10 MiB where the size is unknown."""

    def __init__(self) -> None:
        self.told = 0

    def __call__(self, done: int, total: int | None) -> None:
        step = done * 10 // total if total else done // (10 << 20)
        if step > self.told:
            self.told = step
            size = f"{10 * step} % of {total / 2**20:.1f} MiB" if total else f"{done / 2**20:.0f} MiB"
            typer.echo(size, err=True)
