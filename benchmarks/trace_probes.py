"""The trace of the Hessian: exact on a ReLU network, estimated to 1 % on smooth ones, in one process.

    python benchmarks/trace_probes.py [--rounds 9] [--repeats 8] [--rtol 0.01]

The first table is in multiples of one stock gradient of the network 32-64-64-64-10, batch 64 of 28 × 28. The
second counts Hessian products: ours until it claims the error, and what plain and evenly blocked probes need
for the same error, from the entries of the dense Hessian; then the error of ``hutch_plus_plus`` at our count.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib.curvature import dense_hessian, hessian_trace
from hnrc_lib.curvature.exact_trace import piecewise_linear_trace
from hnrc_lib.linalg import DenseOperator, hutch_plus_plus
from hnrc_lib.models import CNN, DRNN, LSTM, MLP

BAR = 15.0


class Problem(NamedTuple):
    """A loss of the parameters, in float64."""

    loss: Callable[[dict[str, Tensor]], Tensor]
    params: dict[str, Tensor]


def smooth_problem(model: nn.Module, inputs: Tensor, steps: int) -> Problem:
    """Cross-entropy on random labels after some steps of Adam."""
    torch.manual_seed(1)
    targets = torch.randint(0, 10, (len(inputs),))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    model, inputs = model.double(), inputs.double()

    def loss(params: dict[str, Tensor]) -> Tensor:
        return functional.cross_entropy(torch.func.functional_call(model, params, (inputs,)), targets)

    return Problem(loss, {name: value.detach() for name, value in model.named_parameters()})


def smooth_problems() -> dict[str, Problem]:
    """A tanh MLP, an Elman network and an LSTM, at their initial weights and after 60 steps."""
    problems = {}
    for steps in (0, 60):
        torch.manual_seed(0)
        problems[f"MLP 40-40-20-10, step {steps}"] = smooth_problem(
            MLP(40, hidden=(40, 20)), torch.randn(128, 40), steps
        )
        problems[f"Elman 20-32-10, T=30, step {steps}"] = smooth_problem(
            DRNN(20, 32, 10, pooling="mean"), torch.randn(32, 30, 20), steps
        )
        problems[f"LSTM 12-16-10, T=30, step {steps}"] = smooth_problem(
            LSTM(12, 16, 10, pooling="mean"), torch.randn(32, 30, 12), steps
        )
    return problems


def print_exact(rounds: int) -> None:
    """Cost and result of the exact trace, next to an estimate of the same number."""
    torch.manual_seed(0)
    model, inputs, targets = CNN(28, 28), torch.randn(64, 28, 28), torch.randint(0, 10, (64,))

    def criterion(outputs: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets)

    def loss(params: dict[str, Tensor]) -> Tensor:
        return criterion(torch.func.functional_call(model, params, (inputs,)))

    rows: dict[str, Callable[[], object]] = {
        "gradient, stock": lambda: torch.autograd.grad(criterion(model(inputs)), list(model.parameters())),
        "piecewise_linear_trace": lambda: piecewise_linear_trace(model, inputs, criterion),
    }
    seconds: dict[str, list[float]] = {name: [] for name in rows}
    for run in rows.values():
        run()
    for _ in range(rounds):
        for name, run in rows.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    ours, stock = (seconds[name] for name in ("piecewise_linear_trace", "gradient, stock"))
    ratios = [a / b for a, b in zip(ours, stock, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"gradient, stock           {1e3 * statistics.median(stock):8.1f} ms")
    print(
        f"piecewise_linear_trace    {1e3 * statistics.median(ours):8.1f} ms  "
        f"{middle:.2f} gradients [{low:.2f}, {high:.2f}]  bar {BAR:.0f}"
    )
    single = piecewise_linear_trace(model, inputs, criterion).value
    params = {name: value.detach() for name, value in model.named_parameters()}
    start = time.process_time()
    estimate = hessian_trace(loss, params, 8, generator=torch.Generator().manual_seed(0))
    cost = (time.process_time() - start) / statistics.median(stock)
    model, inputs = model.double(), inputs.double()
    exact = piecewise_linear_trace(model, inputs, criterion).value
    print(f"trace {exact:.6f} in float64, float32 differs by {abs(single / exact - 1):.1e}")
    print(
        f"hessian_trace, 8 probes a block: {estimate.value:.2f} ± {estimate.standard_error:.2f}, "
        f"{estimate.num_products} products, {cost:.0f} gradients\n"
    )


def print_estimates(rtol: float, repeats: int) -> None:
    """Products to a relative error on smooth networks."""
    print(
        f"{'':34s} {'n':>5s} {'trace':>8s} {'ours':>6s} {'plain':>6s} {'even':>6s}  "
        f"{'claimed':>8s} {'made':>7s} {'Hutch++':>8s} {'in 95 %':>8s}"
    )
    for name, problem in smooth_problems().items():
        dense = dense_hessian(problem.loss, problem.params)
        truth = float(dense.trace())
        off = dense - torch.diag(dense.diagonal())
        plain = 2 * float(off.square().sum())
        sizes = [value.numel() for value in problem.params.values()]
        cells = [row.split(sizes, dim=1)[index] for index, row in enumerate(off.split(sizes))]
        even = len(sizes) * 2 * sum(float(cell.square().sum()) for cell in cells)
        seeds = [torch.Generator().manual_seed(seed) for seed in range(repeats)]
        traces = [
            hessian_trace(*problem, 8, rtol=rtol, chunk_size=64, max_products=100_000, generator=seed)
            for seed in seeds
        ]
        products = round(statistics.mean(trace.num_products for trace in traces))
        rival = [hutch_plus_plus(DenseOperator(dense), products, generator=seed) for seed in seeds]
        goal = (rtol * truth) ** 2
        claimed = statistics.mean(trace.standard_error for trace in traces) / abs(truth)
        inside = sum(trace.interval()[0] <= truth <= trace.interval()[1] for trace in traces)
        print(
            f"{name:34s} {len(dense):5d} {truth:8.3f} {products:6d} {plain / goal:6.0f} {even / goal:6.0f}  "
            f"{claimed:8.4f} {_error(traces, truth):7.4f} {_error(rival, truth):8.4f} {inside:5d}/{repeats}"
        )


def _error(estimates: list, truth: float) -> float:
    return statistics.mean((estimate.value - truth) ** 2 for estimate in estimates) ** 0.5 / abs(truth)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--rtol", type=float, default=0.01)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {platform.machine()}, 1 thread, CPU time\n")
    print_exact(options.rounds)
    print_estimates(options.rtol, options.repeats)


if __name__ == "__main__":
    main()
