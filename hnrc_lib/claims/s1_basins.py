"""Claim 1.10: where Newton's method and gradient descent end, over a plane of starts, on a speech sound."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict
from hnrc_lib.datasets import load_digits

SOUND = 207  # “one”, a voice with two strong harmonics
FRAME_SECONDS = 0.03
DECIMATION = 4
OUTCOMES = ("no end", "lowest minimum", "another minimum", "saddle", "maximum")
NO_END, LOWEST, OTHER, SADDLE, MAXIMUM = range(5)

Step = Callable[[Float[Tensor, "start 2"], Float[Tensor, "start 3"]], Float[Tensor, "start 2"]]


@dataclass(frozen=True, eq=False)
class ToneFit:
    """One tone fitted to one frame of speech: a loss of two parameters with many stationary points.

        L(ω, φ) = ½ Σₖ wₖ (A sin(ωτₖ + φ) − xₖ)²,   Σ wₖ = 1,   Σ wₖτₖ² = 1

    Time is measured in units in which ω and φ have curvatures of the same size.

    Attributes:
        samples: x, of mean square 1, shape (K,).
        times: τ, shape (K,).
        weights: w, a Hann window, shape (K,).
        amplitude: A, that of the best tone.
        unit: seconds in one unit of τ.
    """

    samples: Float[Tensor, " k"]
    times: Float[Tensor, " k"]
    weights: Float[Tensor, " k"]
    amplitude: float
    unit: float

    def loss(self, points: Float[Tensor, "start 2"]) -> Float[Tensor, " start"]:
        """L at each (ω, φ)."""
        residual = self.amplitude * torch.sin(self._angles(points)) - self.samples
        return 0.5 * residual.square() @ self.weights

    def derivatives(
        self, points: Float[Tensor, "start 2"]
    ) -> tuple[Float[Tensor, "start 2"], Float[Tensor, "start 3"]]:
        """The gradients (∂ω, ∂φ) and the Hessians (∂ω², ∂ω∂φ, ∂φ²)."""
        angles = self._angles(points)
        sine, cosine = self.amplitude * torch.sin(angles), self.amplitude * torch.cos(angles)
        residual = sine - self.samples
        slope, bend = residual * cosine, cosine.square() - residual * sine
        moments = torch.stack([self.weights * self.times**power for power in (2, 1, 0)], dim=1)
        return slope @ moments[:, 1:], bend @ moments

    def hertz(self, omega: Tensor) -> Tensor:
        """Frequencies of ω."""
        return omega / (2 * math.pi * self.unit)

    def starts(self, num_frequencies: int, num_phases: int) -> Float[Tensor, "start 2"]:
        """A grid of starts, 100 to 500 Hz by −π to π, frequency by frequency."""
        low, high = (2 * math.pi * self.unit * hertz for hertz in (100.0, 500.0))
        omega = torch.linspace(low, high, num_frequencies, dtype=torch.float64)
        phase = torch.linspace(-math.pi, math.pi, num_phases, dtype=torch.float64)
        return torch.cartesian_prod(omega, phase)

    def lowest(self) -> float:
        """The loss of the lowest minimum: Newton's end from the lowest point of a fine grid."""
        grid = self.starts(200, 60)
        best = grid[int(self.loss(grid).argmin())][None]
        return float(self.loss(walk(self, best, newton_step(), 20))[0])

    def _angles(self, points: Tensor) -> Tensor:
        return points[:, :1] * self.times + points[:, 1:]


@lru_cache(maxsize=1)
def tone_fit() -> ToneFit:
    """The problem for the loudest 30 ms of a shipped digit, at 2 kHz."""
    said = load_digits("train", language="en")[SOUND]
    samples, rate = torch.as_tensor(said.samples).double(), said.sample_rate
    size = int(FRAME_SECONDS * rate)
    loudest = int(samples.unfold(0, size, size // 2).square().mean(dim=1).argmax()) * (size // 2)
    frame = samples[loudest : loudest + size].reshape(-1, DECIMATION).mean(dim=1)
    window = torch.hann_window(len(frame) + 2, periodic=False, dtype=torch.float64)[1:-1]
    weights = window / window.sum()
    seconds = (torch.arange(len(frame)) - (len(frame) - 1) / 2).double() * DECIMATION / rate
    unit = float((weights @ seconds.square()).sqrt())
    frame, times = frame / (weights @ frame.square()).sqrt(), seconds / unit
    omega = torch.linspace(200.0, 3000.0, 1401, dtype=torch.float64) * unit
    tones = (weights * frame * torch.exp(1j * omega[:, None] * times)).sum(dim=1)
    return ToneFit(frame, times, weights, float(2 * tones.abs().max()), unit)


def gradient_step(rate: float) -> Step:
    """−ηg."""
    return lambda gradient, _: -rate * gradient


def newton_step(least: float | None = None) -> Step:
    """−(H + λI)⁻¹g, with λ = 0, or the least λ ≥ 0 that lifts every curvature to ``least``."""

    def step(gradient: Tensor, hessian: Tensor) -> Tensor:
        a, b, c = hessian.T
        if least is not None:
            damping = (least - smallest_curvature(hessian)).clamp(min=0.0)
            a, c = a + damping, c + damping
        first, second = gradient.T
        determinant = a * c - b * b
        return -torch.stack([c * first - b * second, a * second - b * first], dim=1) / determinant[:, None]

    return step


def smallest_curvature(hessian: Float[Tensor, "start 3"]) -> Float[Tensor, " start"]:
    """h_min of each 2 × 2 Hessian."""
    a, b, c = hessian.T
    return (a + c) / 2 - (((a - c) / 2).square() + b.square()).sqrt()


def largest_curvature(hessian: Float[Tensor, "start 3"]) -> Float[Tensor, " start"]:
    """h_max of each 2 × 2 Hessian."""
    return -smallest_curvature(-hessian)


def walk(
    problem: ToneFit, starts: Float[Tensor, "start 2"], step: Step, num_steps: int
) -> Float[Tensor, "start 2"]:
    """Where each start is after some steps.

    Args:
        problem: the loss.
        starts: (ω, φ), shape (S, 2).
        step: from gradients and Hessians to steps.
        num_steps: how many.
    """
    points = starts.clone()
    for _ in range(num_steps):
        points = points + step(*problem.derivatives(points))
    return points


def outcomes(problem: ToneFit, points: Float[Tensor, "start 2"], lowest: float) -> Int[Tensor, " start"]:
    """What kind of point each is: an index into ``OUTCOMES``.

    Args:
        problem: the loss.
        points: where the walks ended, shape (S, 2).
        lowest: the loss of the lowest minimum.
    """
    gradient, hessian = problem.derivatives(points)
    still = gradient.norm(dim=1) < 1e-3
    low, high = smallest_curvature(hessian), largest_curvature(hessian)
    kinds = torch.full((len(points),), SADDLE)
    kinds[high < 0] = MAXIMUM
    kinds[low > 0] = OTHER
    kinds[(low > 0) & (problem.loss(points) < lowest + 1e-3)] = LOWEST
    kinds[~still] = NO_END
    return kinds


def basins() -> Numbers:
    """The share of 384 starts from which each method ends at each kind of point.

    A tone of fixed amplitude is fitted to a frame of a shipped digit; ω and φ start on a grid. Gradient
    descent takes 200 steps at rate 1/h_max, with h_max the largest curvature on the grid, Newton's method 30.
    """
    problem = tone_fit()
    starts, lowest = problem.starts(24, 16), problem.lowest()
    _, hessian = problem.derivatives(starts)
    rate = 1 / float(largest_curvature(hessian).max())
    numbers: dict[str, float | int] = {"num_starts": len(starts), "lowest": lowest}
    for name, step, num_steps in (("descent", gradient_step(rate), 200), ("newton", newton_step(), 30)):
        ends = walk(problem, starts, step, num_steps)
        kinds = outcomes(problem, ends, lowest)
        for index, kind in enumerate(("no_end", "lowest", "other", "saddle", "maximum")):
            numbers[f"{name}_{kind}"] = int((kinds == index).sum())
        numbers[f"{name}_second_lowest"] = float(problem.loss(ends)[kinds == OTHER].min())
    return numbers


def judge_basins(numbers: Numbers) -> Verdict:
    """Holds iff Newton's method ended at rest elsewhere than at the lowest minimum from some start."""
    elsewhere = sum(numbers[f"newton_{kind}"] for kind in ("other", "saddle", "maximum"))
    return HOLDS if elsewhere > 0 else FAILS


CLAIMS = (
    Claim(
        id="1.10",
        source="S1",
        section="§6, question 2",
        quote="次梯度取值算法不一定总能找到全局最优解，因为它依然受到损失函数的非凸性、局部最优等因素的影响。",
        translation=(
            "The second-order method does not always find the global optimum, because it is still subject "
            "to the loss being non-convex, to local optima and other factors."
        ),
        predicate=(
            "Holds iff, on a loss of two parameters made from a spoken digit, Newton's method comes to rest "
            "(gradient below 10⁻³) elsewhere than at the lowest minimum from at least one of 384 starts; "
            "otherwise fails."
        ),
        evidence=basins,
        judge=judge_basins,
        sentences={
            "holds": (
                "Of {num_starts:.0f} starts Newton's method ended at the lowest minimum from "
                "{newton_lowest:.0f}, at another minimum from {newton_other:.0f}, at a saddle from "
                "{newton_saddle:.0f} and at a maximum from {newton_maximum:.0f}. Gradient descent ended at "
                "the lowest minimum from {descent_lowest:.0f}, at another from {descent_other:.0f}, at a "
                "maximum from {descent_maximum:.0f}."
            ),
            "fails": (
                "From all {num_starts:.0f} starts but {newton_no_end:.0f} Newton's method ended at the "
                "lowest minimum."
            ),
        },
        lead="Holds; Newton's method is drawn to saddles and maxima as well.",
    ),
)
