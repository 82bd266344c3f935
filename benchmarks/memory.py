"""Peak memory of a row: what it prepares and keeps, and one call.

A short row is measured exactly, from the events of torch's CPU allocator. Recording those costs the square of
their number, so that a long row is measured by the growth of the process's resident memory. That counts more
(the allocator's slack, the scratch space of kernels), so it is compared with the base row's resident growth.
"""

import contextlib
import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from torch.autograd.profiler import profile

LONG, VERY_LONG = 0.3, 3.0  # seconds
MEMORY_EVENT = "[memory]"
_PROCESS = Path("/proc/self")

Run = Callable[[], Any]


class Weighed(NamedTuple):
    """A row that ran: what to call again, what the call returned, its seconds, its peaks in bytes.

    ``allocated`` is None for a long row, ``resident`` where the system does not tell.
    """

    run: Run
    value: Any
    seconds: float
    allocated: int | None
    resident: int | None

    def memory_over(self, base: "Weighed") -> float | None:
        """Peak in multiples of another row's, both measured in the same way."""
        if self.allocated is not None and base.allocated:
            return self.allocated / base.allocated
        return self.resident / base.resident if self.resident is not None and base.resident else None


def weighed(
    prepare: Callable[[], Run], clock: Callable[[], float] = time.process_time, *, weigh: bool = True
) -> Weighed:
    """Prepare a row, call it, and find its peak of memory.

    Args:
        prepare: returns the row; called twice more where the row is short, and once more unless it is very
            long, as a first call also brings in what it imports.
        clock: what the seconds are read from.
        weigh: whether to measure memory at all.

    >>> import torch
    >>> weighed(lambda: lambda: torch.zeros(1000, dtype=torch.float64).sum()).allocated >= 8000
    True
    """
    before = _reset_resident()
    run = prepare()
    start = clock()
    value = run()
    seconds = clock() - start
    if not weigh:
        return Weighed(run, value, seconds, None, None)
    grown = _grown(before) if seconds > VERY_LONG else resident_peak(prepare)
    return Weighed(run, value, seconds, allocated_peak(prepare) if seconds <= LONG else None, grown)


def allocated_peak(prepare: Callable[[], Run]) -> int:
    """Largest running sum of allocations less frees by torch's CPU allocator, in bytes."""
    with profile(use_cpu=True, profile_memory=True) as profiler:
        run = prepare()
        value = run()
    results = profiler.kineto_results
    assert results is not None
    del value
    # Kineto lists events thread by thread; in order of time, allocations less frees are what is held.
    events = [
        (event.start_ns(), event.nbytes()) for event in results.events() if event.name() == MEMORY_EVENT
    ]
    held = peak = 0
    for _, size in sorted(events, key=lambda event: event[0]):
        held += size
        peak = max(peak, held)
    return peak


def resident_peak(prepare: Callable[[], Run]) -> int | None:
    """Growth of the process's resident memory at its peak, in bytes; None where the system does not tell."""
    before = _reset_resident()
    prepare()()
    return _grown(before)


def _reset_resident() -> int | None:
    """Give free memory back, let the system's peak start anew, and return what is resident now."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return None
    return _status("VmRSS")


def _grown(before: int | None) -> int | None:
    return None if before is None else max(_status("VmHWM") - before, 0)


def _status(name: str) -> int:
    """A line of the process's status, in bytes."""
    lines = (_PROCESS / "status").read_text("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
