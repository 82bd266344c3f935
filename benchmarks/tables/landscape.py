"""Planes through a loss: per point against loss-landscapes, and with fewer points."""

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from benchmarks.harness import OURS, Bar, Case, Row
from benchmarks.problems import Problem, problem
from benchmarks.spectra import in_float64
from hnrc_lib.landscape import ModuleLoss, Plane, adaptive_plane, filter_normalize, plane, random_direction

NAME = "landscape"
TITLE = "Two-dimensional landscapes"
TEXT = (
    "A plane along two filter-normalised random directions, extent ±0.5; the full grid of "
    "loss-landscapes is 1. Values are compared with the loss at six points in float64. The adaptive "
    "plane counts how many times fewer evaluations it takes, and its largest error over the range of "
    "the loss, against its own full grid."
)
POINTS = {"mlp": 51, "rnn": 51, "lstm": 31, "cnn": 11}
QUICK = 21
SMOOTH = ("mlp",)
EXTENT = 0.5


def peer_plane(given: Problem, points: int) -> Callable[[], object]:
    """Random directions of its own; the model is copied, as it is moved."""
    import loss_landscapes
    from loss_landscapes.metrics import Loss

    metric = Loss(given.criterion, given.inputs, given.targets)

    def run() -> object:
        model = copy.deepcopy(given.model)
        return loss_landscapes.random_plane(model, metric, distance=1, steps=points, normalization="filter")

    return run


class Slice:
    """A problem with two directions."""

    def __init__(self, given: Problem, points: int) -> None:
        self.given, self.points = given, points
        generator = torch.Generator().manual_seed(3)
        self.u, self.v = (
            filter_normalize(random_direction(given.params, generator), given.params) for _ in range(2)
        )
        self.loss = ModuleLoss(given.model, self.of_model)

    def of_model(self, model: nn.Module) -> Tensor:
        """The loss of a model."""
        return self.given.criterion(model(self.given.inputs), self.given.targets)

    def full(self) -> Plane:
        """Every point evaluated."""
        return plane(self.loss, self.given.params, self.u, self.v, extent=EXTENT, num_points=self.points)

    def adaptive(self) -> Plane:
        """As few as the hold-out check allows."""
        generator = torch.Generator().manual_seed(0)
        return adaptive_plane(
            self.loss,
            self.given.params,
            self.u,
            self.v,
            extent=EXTENT,
            num_points=self.points,
            generator=generator,
        )

    def error(self, found: Plane) -> float:
        """Largest error at six points of the grid over the range of its values."""
        double, worst = in_float64(self.given), 0.0
        picked = torch.randint(0, self.points, (6, 2), generator=torch.Generator().manual_seed(5)).tolist()
        for i, j in picked:
            alpha, beta = found.alpha[i], found.beta[j]
            moved = {
                name: value + alpha * self.u[name].double() + beta * self.v[name].double()
                for name, value in double.params.items()
            }
            worst = max(worst, float((double.loss(moved) - found.values[i, j]).abs()))
        return worst / float(found.values.max() - found.values.min())


def _case(name: str, points: int) -> Case:
    given = problem(name)
    cut = Slice(given, points)
    grid = f"{points} × {points}"
    rows = [
        Row(f"plane, {grid}", "loss-landscapes", lambda: peer_plane(given, points)),
        Row(f"plane, {grid}", OURS, lambda: cut.full, (Bar(1.0),), judge=cut.error),
    ]
    if name != "cnn":
        values = cut.full().values
        reach = float(values.max() - values.min())

        def figures(found: Plane) -> dict[str, float]:
            fewer = values.numel() / getattr(found, "num_evaluations", values.numel())
            error = float((found.values - values).abs().max()) / reach
            return {"times fewer evaluations": fewer, "error over range": error}

        bars = [Bar(0.005, "error over range")]
        if name in SMOOTH:
            bars.append(Bar(10.0, "times fewer evaluations", at_least=True))
        rows.append(Row(f"adaptive plane, {grid}", OURS, lambda: cut.adaptive, tuple(bars), figures=figures))
    return Case(given.title, tuple(rows), seconds=8.0, min_rounds=1)


def cases(quick: bool) -> Iterator[Case]:
    """One case a model; coarse grids of the MLP and the RNN alone when quick."""
    for name, points in {"mlp": QUICK, "rnn": QUICK}.items() if quick else POINTS.items():
        yield _case(name, points)
