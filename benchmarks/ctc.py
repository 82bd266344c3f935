"""CTC against torch's own: gradient and Hessian products in the logits, interleaved medians, one process.

    python benchmarks/ctc.py [--rounds 15] [--shape 200 16 32 30] [--cpu-time]

Rows are in multiples of one gradient through torch's log_softmax and ctc_loss (the first row): same batch,
float32, one thread. torch itself has no second derivative of CTC.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from hnrc_lib.sequence import ctc_loss, ctc_loss_from_logits

BARS = {"gradient, ours": 1.0, "gradient + HVP, ours": 3.5, "HVP on a kept graph, ours": 1.0}
STOCK = "gradient, torch"


class Batch(NamedTuple):
    """Random logits and targets of mixed lengths; the first utterance is full."""

    logits: Tensor
    targets: Tensor
    input_lengths: Tensor
    target_lengths: Tensor
    vector: Tensor


def draw(frames: int, batch: int, classes: int, labels: int) -> Batch:
    """A batch from seed 0."""
    torch.manual_seed(0)
    input_lengths = torch.randint(frames * 3 // 4, frames + 1, (batch,))
    target_lengths = torch.randint(labels // 2, labels + 1, (batch,))
    input_lengths[0], target_lengths[0] = frames, labels
    logits, vector = torch.randn(2, frames, batch, classes)
    return Batch(logits, torch.randint(1, classes, (batch, labels)), input_lengths, target_lengths, vector)


def losses(batch: Batch) -> dict[str, Callable[[Tensor], Tensor]]:
    """The same loss of the logits, three ways."""
    rest = batch.targets, batch.input_lengths, batch.target_lengths
    return {
        "torch": lambda logits: functional.ctc_loss(logits.log_softmax(-1), *rest),
        "ours": lambda logits: ctc_loss_from_logits(logits, *rest),
        "ours, log_probs": lambda logits: ctc_loss(logits.log_softmax(-1), *rest),
    }


def gradient(
    loss: Callable[[Tensor], Tensor], logits: Tensor, *, record: bool = False
) -> tuple[Tensor, Tensor]:
    """A fresh leaf and the gradient in it."""
    leaf = logits.detach().clone().requires_grad_()
    return leaf, torch.autograd.grad(loss(leaf), leaf, create_graph=record)[0]


def product(loss: Callable[[Tensor], Tensor], logits: Tensor, vector: Tensor) -> Tensor:
    """Gradient and Hessian product from nothing."""
    leaf, recorded = gradient(loss, logits, record=True)
    return torch.autograd.grad(recorded, leaf, vector)[0]


def build(batch: Batch) -> dict[str, Callable[[], object]]:
    """The rows of the table: name to what is timed."""
    logits, vector = batch.logits, batch.vector
    eight = torch.randn(8, *logits.shape)
    rows: dict[str, Callable[[], object]] = {}
    for name, loss in losses(batch).items():
        rows[f"gradient, {name}"] = lambda loss=loss: gradient(loss, logits)
    for name, loss in list(losses(batch).items())[1:]:
        leaf, recorded = gradient(loss, logits, record=True)

        def kept(v: Tensor, leaf: Tensor = leaf, recorded: Tensor = recorded) -> Tensor:
            return torch.autograd.grad(recorded, leaf, v, retain_graph=True)[0]

        rows[f"gradient with graph, {name}"] = lambda loss=loss: gradient(loss, logits, record=True)
        rows[f"gradient + HVP, {name}"] = lambda loss=loss: product(loss, logits, vector)
        rows[f"HVP on a kept graph, {name}"] = lambda kept=kept: kept(vector)
        rows[f"8 HVPs on a kept graph, vmap, {name}"] = lambda kept=kept: torch.func.vmap(kept)(eight)
    return rows


def print_accuracy(batch: Batch) -> None:
    """Relative errors of float32 against ours in float64, itself checked against torch in float64."""
    ours, torchs = losses(batch)["ours"], losses(batch)["torch"]

    def error(value: Tensor, exact: Tensor) -> str:
        return f"{float((value.double() - exact).norm() / exact.norm()):.1e}"

    exact = gradient(ours, batch.logits.double(), record=True)[1].detach()
    hvp = product(ours, batch.logits.double(), batch.vector.double())
    native = gradient(torchs, batch.logits.double())[1]
    print(f"relative error, float64 gradient, ours to torch: {error(native, exact)}")
    print(
        "relative error, float32: gradient "
        f"torch {error(gradient(torchs, batch.logits)[1], exact)}, "
        f"ours {error(gradient(ours, batch.logits)[1], exact)}, "
        f"ours with graph {error(gradient(ours, batch.logits, record=True)[1].detach(), exact)}; "
        f"HVP ours {error(product(ours, batch.logits, batch.vector), hvp)}"
    )


def interleaved(
    rows: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each row, once a round, in an order that turns."""
    for run in rows.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in rows}
    names = list(rows)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            rows[name]()  # untimed: the row before has left the caches in its own state
            start = clock()
            rows[name]()
            rows[name]()
            seconds[name].append((clock() - start) / 2)
    return seconds


def main() -> None:
    """Print the accuracy line and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--shape", type=int, nargs=4, default=(200, 16, 32, 30), metavar=("T", "B", "C", "S"))
    parser.add_argument("--cpu-time", action="store_true", help="process time instead of wall time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    batch = draw(*options.shape)
    print(f"CTC, T B C S = {tuple(options.shape)}, float32, 1 thread")
    print(f"torch {torch.__version__}, {platform.machine()}, Python {platform.python_version()}")
    print_accuracy(batch)
    clock = time.process_time if options.cpu_time else time.perf_counter
    seconds = interleaved(build(batch), options.rounds, clock)
    stock = seconds[STOCK]
    print(f"{'row':46s} {'ms':>8s} {'ratio':>7s} {'bar':>5s}   quartiles of the ratio, round by round")
    for name, values in seconds.items():
        ratios = [value / base for value, base in zip(values, stock, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4)
        bar = f"{BARS[name]:5.1f}" if name in BARS else "     "
        median = statistics.median(values)
        ratio = median / statistics.median(stock)
        print(f"{name:46s} {1e3 * median:8.2f} {ratio:7.2f} {bar}   {low:.2f} … {high:.2f}")


if __name__ == "__main__":
    main()
