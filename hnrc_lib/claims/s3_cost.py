"""Claims 3.4 and 3.8: what zeros save, and what decay costs."""

import time
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if

SIZE, BATCH, REPEATS = 512, 64, 15
SHARES = (0.5, 0.9, 0.99)


def zeros_at_work() -> Numbers:
    """Time of a matrix product by storage and share of zeros, in multiples of the dense one without zeros.

    A 512 × 512 matrix of float32 by 64 columns on one thread, the fastest of 15. ``stored`` is the dense
    matrix with zeros in it, ``skipped`` the compressed sparse rows of the same matrix.
    """
    generator = torch.Generator().manual_seed(0)
    full = torch.randn(SIZE, SIZE, generator=generator)
    columns = torch.randn(SIZE, BATCH, generator=generator)
    order = torch.randperm(SIZE * SIZE, generator=generator)
    numbers: dict[str, float] = {}
    one = _seconds(lambda: full @ columns)
    for index, share in enumerate(SHARES):
        kept = full.flatten().clone()
        kept[order[: int(share * len(order))]] = 0
        dense = kept.reshape(SIZE, SIZE)
        with warnings.catch_warnings():  # torch calls its sparse rows a beta, once
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            rows = dense.to_sparse_csr()
        numbers |= {
            f"share_{index}": share,
            f"stored_{index}": _seconds(lambda dense=dense: dense @ columns) / one,
            f"skipped_{index}": _seconds(lambda rows=rows: rows @ columns) / one,
        }
    return numbers


def judge_zeros(numbers: Numbers) -> Verdict:
    """Zeros must save time by themselves; else only where they are skipped and many."""
    last = len(SHARES) - 1
    if numbers[f"stored_{last}"] < 0.6:
        return HOLDS
    return holds_if("the zeros are many and skipped") if numbers[f"skipped_{last}"] < 0.6 else FAILS


def decay_by_data() -> Numbers:
    """Time of one step's decay against one gradient, for batches of 64 and 2048; the fastest of 15."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(40, 400, generator=generator).requires_grad_()
    readout = torch.randn(400, 10, generator=generator).requires_grad_()
    numbers: dict[str, float] = {"num_parameters": weights.numel() + readout.numel()}
    for name, size in (("small", 64), ("large", 2048)):
        inputs = torch.randn(size, 40, generator=generator)
        labels = torch.randint(10, (size,), generator=generator)

        def gradient(inputs: torch.Tensor = inputs, labels: torch.Tensor = labels) -> None:
            loss = F.cross_entropy((inputs @ weights).tanh() @ readout, labels)
            torch.autograd.grad(loss, [weights, readout])

        def decay() -> None:
            with torch.no_grad():
                weights.mul_(0.9999)
                readout.mul_(0.9999)

        numbers |= {f"batch_{name}": size, f"share_{name}": _seconds(decay) / _seconds(gradient)}
    return numbers


def judge_decay_cost(numbers: Numbers) -> Verdict:
    """Dear on large data only if its share of a step does not fall as the batch grows."""
    return FAILS if numbers["share_large"] < numbers["share_small"] else HOLDS


def _seconds(work: Callable[[], object]) -> float:
    """The fastest of some runs, in seconds, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        work()
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return min(times)


CLAIMS = (
    Claim(
        id="3.4",
        source="S3",
        section="§2",
        quote="权重衰减技术也可以用来提高模型的稀疏性，从而减少模型的计算复杂度。",
        translation=(
            "Weight decay can also be used to make the model sparser, and so reduce its computational "
            "complexity."
        ),
        predicate=(
            "Time of a product with a 512 × 512 matrix of which 99 % is zero, against the full one: holds "
            "iff it is below 0.6 as it stands; holds if the zeros are many and skipped where only the sparse "
            "format is below 0.6; otherwise fails."
        ),
        evidence=zeros_at_work,
        judge=judge_zeros,
        sentences={
            "holds": (
                "With {share_2:.0%} zeros the dense product took {stored_2:.2f} of the time, the sparse one "
                "{skipped_2:.2f}."
            ),
            "holds if": (
                "A dense matrix with {share_0:.0%}, {share_1:.0%} and {share_2:.0%} zeros took "
                "{stored_0:.2f}, {stored_1:.2f} and {stored_2:.2f} of the full one's time; in compressed "
                "sparse rows the same matrices took {skipped_0:.2f}, {skipped_1:.2f} and {skipped_2:.2f}."
            ),
            "fails": (
                "With {share_2:.0%} zeros the dense product took {stored_2:.2f} of the time, the sparse one "
                "{skipped_2:.2f}."
            ),
        },
        lead="Not by itself.",
    ),
    Claim(
        id="3.8",
        source="S3",
        section="§5",
        quote="权重衰减技术在处理大规模数据集时可能会遇到计算资源不足的问题。",
        translation="On large data sets weight decay may run short of computing resources.",
        predicate=(
            "Time of the decay of all weights as a share of one gradient's: fails where the share is smaller "
            "with 2048 utterances than with 64; otherwise holds."
        ),
        evidence=decay_by_data,
        judge=judge_decay_cost,
        sentences={
            "holds": (
                "The decay took {share_small:.2f} of a gradient's time with {batch_small:.0f} utterances and "
                "{share_large:.2f} with {batch_large:.0f}."
            ),
            "fails": (
                "The decay of {num_parameters:.0f} weights took {share_small:.3f} of a gradient's time with "
                "{batch_small:.0f} utterances and {share_large:.4f} with {batch_large:.0f}: it does not see "
                "the data at all."
            ),
        },
        lead="O(parameters), independent of the data.",
    ),
)
