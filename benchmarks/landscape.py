"""Planes through a loss: the cost of a point, and how few points an interpolated plane takes.

    python benchmarks/landscape.py [--kinds mlp cnn rnn lstm] [--rounds 7] [--cpu-time] [--extents 0.25 0.5 1]

First table: milliseconds per point, in multiples of one forward pass without gradients (the first row) and of
loss-landscapes, where it is installed. Second: evaluations of ``adaptive_plane`` for a 51 × 51 grid after
forty steps of Adam, what it says of its error, and its true largest error, measured on a full grid.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.problems import Problem, problem
from hnrc_lib.landscape import ModuleLoss, adaptive_plane, filter_normalize, plane, random_direction

_SIDE = {"mlp": 25, "cnn": 5, "rnn": 15, "lstm": 11}  # points along each axis of the planes timed
_GRID = 51
_TRUTH = {"mlp": 51, "cnn": 26, "rnn": 51, "lstm": 51}  # 26 points are every second of 51
_STEPS, _LEARNING_RATE = 40, 2e-3
_TOLERANCE = 0.005

Directions = list[dict[str, Tensor]]


def directions(given: Problem, seed: int) -> Directions:
    """Two filter-normalised random directions."""
    generator = torch.Generator().manual_seed(seed)
    return [filter_normalize(random_direction(given.params, generator), given.params) for _ in range(2)]


def module_loss(given: Problem) -> ModuleLoss:
    """The loss, on a private copy of the model."""

    def loss(model: nn.Module) -> Tensor:
        return given.criterion(model(given.inputs), given.targets)

    return ModuleLoss(given.model, loss)


def rows(given: Problem, side: int) -> dict[str, Callable[[], object]]:
    """What is timed: name to side² points."""
    u, v = directions(given, seed=3)
    bound, own = module_loss(given), dict(given.params)

    def forward() -> None:
        with torch.no_grad():
            for _ in range(side**2):
                given.criterion(given.model(given.inputs), given.targets)

    def ours(loss: Callable[[dict[str, Tensor]], Tensor], at_once: int = 1) -> Callable[[], object]:
        return lambda: plane(loss, own, u, v, extent=0.5, num_points=side, points_at_once=at_once)

    timed = {
        "forward pass": forward,
        "plane": ours(bound),
        "plane, functional_call": ours(given.loss),
        "plane, 5 points at once": ours(bound, 5),
        "loss-landscapes": peer(given, side),
    }
    return {name: run for name, run in timed.items() if runs(name, run)}


def peer(given: Problem, side: int) -> Callable[[], object]:
    """loss-landscapes' random_plane, directions included; it moves the model, hence the copy."""

    def run() -> object:
        import loss_landscapes  # pyright: ignore[reportMissingImports]
        from loss_landscapes.metrics import Loss  # pyright: ignore[reportMissingImports]

        metric = Loss(given.criterion, given.inputs, given.targets)
        model = copy.deepcopy(given.model)
        return loss_landscapes.random_plane(model, metric, distance=1, steps=side, normalization="filter")

    return run


def runs(name: str, run: Callable[[], object]) -> bool:
    """Try a row once; say why it does not run."""
    try:
        run()
    except ModuleNotFoundError:
        print(f"  {name:28s} not installed")
    except RuntimeError as error:
        print(f"  {name:28s} fails: {str(error).splitlines()[0][:80]}")
    else:
        return True
    return False


def interleaved(
    timed: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each row, once a round, in an order that turns."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    names = list(timed)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = clock()
            timed[name]()
            seconds[name].append(clock() - start)
    return seconds


def print_costs(given: Problem, side: int, rounds: int, clock: Callable[[], float]) -> None:
    """One table of milliseconds per point."""
    print(f"{given.title}, {side} × {side} points")
    seconds = interleaved(rows(given, side), rounds, clock)
    for name, samples in seconds.items():
        base = statistics.median(s / f for s, f in zip(samples, seconds["forward pass"], strict=True))
        line = (
            f"  {name:28s} {1e3 * statistics.median(samples) / side**2:9.4f} ms  {base:5.2f} forward passes"
        )
        if "loss-landscapes" in seconds:
            pairs = zip(seconds["loss-landscapes"], samples, strict=True)
            line += f"  {statistics.median(p / s for p, s in pairs):5.2f} × as fast as loss-landscapes"
        print(line, flush=True)
    print()


def print_adaptive(kind: str, extents: list[float], seeds: int) -> None:
    """One table of evaluations and errors."""
    given = problem(kind)
    optimizer = torch.optim.Adam(given.parameters, _LEARNING_RATE)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        given.criterion(given.model(given.inputs), given.targets).backward()
        optimizer.step()
    loss, own, stride = module_loss(given), dict(given.params), (_GRID - 1) // (_TRUTH[kind] - 1)
    for extent in extents:
        for seed in range(seeds):
            options: dict[str, Any] = {"extent": extent, "generator": torch.Generator().manual_seed(seed)}
            u, v = directions(given, seed)
            found = adaptive_plane(loss, own, u, v, num_points=_GRID, tolerance=_TOLERANCE, **options)
            full = plane(loss, own, u, v, extent=extent, num_points=_TRUTH[kind])
            misses = (found.values[::stride, ::stride] - full.values).abs().max()
            error = float(misses / (full.values.max() - full.values.min()))
            how = "full grid" if found.fell_back else f"{found.nodes_per_axis} × {found.nodes_per_axis} nodes"
            print(
                f"  {kind:5s} ±{extent:<5g} {found.num_evaluations:5d} evaluations "
                f"({_GRID**2 / found.num_evaluations:4.1f} × fewer)  {how:13s}  "
                f"estimate {found.estimated_error:8.4%}  true {error:8.4%}",
                flush=True,
            )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=list(_SIDE), choices=list(_SIDE))
    parser.add_argument("--rounds", type=int, default=7, help="of the first table; 0 leaves it out")
    parser.add_argument("--extents", nargs="*", type=float, default=[0.25, 0.5, 1.0])
    parser.add_argument("--seeds", type=int, default=2, help="pairs of directions a slice")
    parser.add_argument("--cpu-time", action="store_true", help="for a machine that others load")
    options = parser.parse_args()
    clock = time.process_time if options.cpu_time else time.perf_counter
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, 1 thread, float32, {options.rounds} rounds, {clock.__name__}\n")
    for kind in options.kinds if options.rounds else ():
        print_costs(problem(kind), _SIDE[kind], options.rounds, clock)
    print(f"adaptive planes on a {_GRID} × {_GRID} grid, tolerance {_TOLERANCE:.1%} of the range")
    for kind in options.kinds if options.extents else ():
        print_adaptive(kind, options.extents, options.seeds)


if __name__ == "__main__":
    main()
