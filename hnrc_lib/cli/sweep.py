"""``hnrc sweep``: a recipe at many settings, by several processes; started again, it goes on."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hnrc_lib.cli.options import Json

Texts = list[str] | None


def sweep(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, for example digits-cnn.")],
    grid: Annotated[Texts, typer.Option(help="Values of a field, as key=v1,v2; may be repeated.")] = None,
    ranges: Annotated[
        Texts, typer.Option("--range", help="Bounds of a field, as key=low:high or key=low:high:log.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Points to try; the whole grid when left out.")] = None,
    method: Annotated[str, typer.Option(help="tpe or random, where --trials is given.")] = "tpe",
    size: Annotated[str, typer.Option(help="quick, colab or full.")] = "quick",
    changes: Annotated[Texts, typer.Option("--set", help="A field of every run, as key=value.")] = None,
    storage: Annotated[str | None, typer.Option(help="Database; else sweep.db in the output.")] = None,
    study: Annotated[str | None, typer.Option(help="Name of the study; else RECIPE-SIZE.")] = None,
    workers: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the search.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the fastest when left out.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of corpora; else HNRC_DATA_DIR.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the runs; else runs/sweeps/STUDY.")] = None,
    as_json: Json = False,
) -> None:
    """Train a recipe at every point of a grid, or at points drawn from ranges; the lowest error wins.

    The same command goes on with a study that was stopped or killed; run elsewhere with the same --storage
    and --study, it helps.
    """
    from hnrc_lib.training.recipes import make_recipe
    from hnrc_lib.training.sweep import SweepOptions, planned_points, run_sweep
    from hnrc_lib.training.sweep_recipe import RecipeObjective
    from hnrc_lib.training.sweep_space import parse_grid, parse_range

    name = study or f"{recipe}-{size}"
    folder = output or Path("runs") / "sweeps" / name
    try:
        space = dict(map(parse_grid, grid or [])) | dict(map(parse_range, ranges or []))
        address = storage or f"sqlite:///{folder / 'sweep.db'}"
        options = SweepOptions(address, name, trials, method, workers, seed)
        fixed = dict(map(_pair, changes or []))
        for point in planned_points(space, options):
            make_recipe(recipe, size, fixed | point)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    try:
        result = run_sweep(RecipeObjective(recipe, size, folder, fixed, data_dir, device), space, options)
    except (OSError, ValueError, RuntimeError) as error:
        typer.echo(f"{recipe}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(result.summary(), ensure_ascii=False) if as_json else _lines(result.summary()))
    raise typer.Exit(0 if result.best else 1)


def _pair(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise ValueError(f"--set must be key=value, got {change!r}")
    return name.strip(), value.strip()


def _lines(summary: dict) -> str:
    def line(point: dict) -> str:
        params = " ".join(f"{name}={value}" for name, value in point["params"].items())
        outcome = point["error"] or point["state"] if point["value"] is None else f"{point['value']:.4f}"
        return f"{point['index']:4d}  {outcome}  {params}"

    lines = [line(point) for point in summary["points"]]
    if summary["workers_lost"]:
        lines.append(f"{summary['workers_lost']} workers ended early; the others went on")
    best = summary["best"]
    lines.append("no point is complete" if best is None else f"best: {line(best).strip()}")
    return "\n".join(lines)
