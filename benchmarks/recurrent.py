"""Recurrent layers against torch's own: gradients and Hessian products, interleaved medians, one process.

    python benchmarks/recurrent.py [--rounds 15] [--kinds RNN LSTM GRU] [--cpu-time]

Rows are in multiples of one gradient of the stock layer's model (the first row): same batch, same weights.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hnrc_lib.models.recurrent import GRULayer, LSTMLayer, RNNLayer

_FRAMES, _FEATURES, _HIDDEN, _BATCH, _CLASSES = 60, 40, 64, 32, 10
_LAYERS = {"RNN": RNNLayer, "LSTM": LSTMLayer, "GRU": GRULayer}
_BARS = {
    ("RNN", "HVP, fresh (auto)"): 2.4,
    ("RNN", "HVP, kept graph (auto)"): 1.3,
    ("LSTM", "HVP, fresh (auto)"): 5.0,
    ("LSTM", "HVP, kept graph (auto)"): 3.0,
    ("RNN", "gradient, ours"): 1.0,
    ("LSTM", "gradient, ours"): 1.0,
    ("GRU", "gradient, ours"): 1.0,
}


class Classifier(nn.Module):
    """A recurrent layer, its outputs averaged over time, and a linear map to the classes."""

    def __init__(self, layer: nn.Module, **options: object) -> None:
        super().__init__()
        self.layer, self.options = layer, options
        self.head = nn.Linear(_HIDDEN, _CLASSES)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.layer(inputs, **self.options)[0].mean(1))


def build(kind: str) -> dict[str, Callable[[], object]]:
    """The rows of one table: name to what is timed."""
    torch.manual_seed(0)
    stock = Classifier(getattr(nn, kind)(_FEATURES, _HIDDEN, batch_first=True))
    auto = Classifier(_LAYERS[kind](_FEATURES, _HIDDEN, batch_first=True))
    sweeps = Classifier(_LAYERS[kind](_FEATURES, _HIDDEN, batch_first=True), second_order=True)
    for model in (auto, sweeps):
        model.load_state_dict(stock.state_dict())
    inputs = torch.randn(_BATCH, _FRAMES, _FEATURES)
    targets = torch.randint(0, _CLASSES, (_BATCH,))
    vectors = [torch.randn_like(p) for p in stock.parameters()]
    eight = [torch.randn(8, *p.shape) for p in stock.parameters()]

    def gradient(model: nn.Module, *, record: bool = False) -> tuple[Tensor, ...]:
        loss = functional.cross_entropy(model(inputs), targets)
        return torch.autograd.grad(loss, list(model.parameters()), create_graph=record)

    def fresh(model: nn.Module) -> tuple[Tensor, ...]:
        return torch.autograd.grad(gradient(model, record=True), list(model.parameters()), vectors)

    def kept(model: nn.Module) -> Callable[[], object]:
        recorded, leaves = gradient(model, record=True), list(model.parameters())
        return lambda: torch.autograd.grad(recorded, leaves, vectors, retain_graph=True)

    def many(model: nn.Module) -> Callable[[], object]:
        recorded, leaves = gradient(model, record=True), list(model.parameters())

        def product(*parts: Tensor) -> tuple[Tensor, ...]:
            return torch.autograd.grad(recorded, leaves, parts, retain_graph=True)

        return lambda: torch.func.vmap(product)(*eight)

    worst = max(
        float((ours - theirs).norm() / theirs.norm())
        for ours, theirs in zip(fresh(auto), fresh(stock), strict=True)
    )
    print(f"{kind}: largest relative difference of a product from torch's double backward: {worst:.1e}")
    return {
        "gradient, stock": lambda: gradient(stock),
        "gradient, ours": lambda: gradient(auto),
        "HVP, fresh (auto)": lambda: fresh(auto),
        "HVP, kept graph (auto)": kept(auto),
        "HVP, fresh (second_order=True)": lambda: fresh(sweeps),
        "HVP, kept graph (second_order=True)": kept(sweeps),
        "8 HVPs, kept graph, vmap (auto)": many(auto),
        "HVP, fresh, torch's double backward": lambda: fresh(stock),
        "HVP, kept graph, torch's double backward": kept(stock),
    }


def interleaved(
    rows: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each row, once a round, in an order that turns; each sample lasts about 20 ms."""
    repeats = {}
    for name, run in rows.items():
        run()
        start = clock()
        run()
        repeats[name] = max(1, int(0.02 / max(clock() - start, 1e-9)))
    seconds: dict[str, list[float]] = {name: [] for name in rows}
    names = list(rows)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = clock()
            for _ in range(repeats[name]):
                rows[name]()
            seconds[name].append((clock() - start) / repeats[name])
    return seconds


def main() -> None:
    """Print one table a kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--kinds", nargs="+", default=list(_LAYERS), choices=list(_LAYERS))
    parser.add_argument("--cpu-time", action="store_true", help="for a machine that others load")
    options = parser.parse_args()
    clock = time.process_time if options.cpu_time else time.perf_counter
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {platform.processor() or platform.machine()}, 1 thread, float32")
    print(f"T={_FRAMES} F={_FEATURES} H={_HIDDEN} N={_BATCH}, {options.rounds} rounds, {clock.__name__}\n")
    for kind in options.kinds:
        seconds = interleaved(build(kind), options.rounds, clock)
        base = statistics.median(seconds["gradient, stock"])
        for name, samples in seconds.items():
            ratios = sorted(s / b for s, b in zip(samples, seconds["gradient, stock"], strict=True))
            low, high = ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4]
            bar = f"  bar {_BARS[kind, name]:.1f}" if (kind, name) in _BARS else ""
            middle = statistics.median(samples)
            print(f"  {name:42s} {1e3 * middle:8.2f} ms  {middle / base:6.2f}  [{low:.2f}, {high:.2f}]{bar}")
        print()


if __name__ == "__main__":
    main()
