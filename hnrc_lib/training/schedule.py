"""How the learning rate goes over a run."""

import math


def rate_factor(schedule: str, step: int, num_steps: int) -> float:
    """Factor on the learning rate at a step.

    constant: 1;  cosine: (s + 1)/w for s < w, then ½ (1 + cos π (s − w)/(S − w)), w = max(⌊S/10⌋, 1);
    linear: the same warm-up, then (S − s)/(S − w)

    Args:
        schedule: ``"constant"``, ``"cosine"`` or ``"linear"``.
        step: s, from 0.
        num_steps: S, > 0.

    Raises:
        ValueError: no such schedule.

    >>> [round(rate_factor("cosine", step, 20), 3) for step in (0, 1, 2, 11, 20)]
    [0.5, 1.0, 1.0, 0.5, 0.0]

    Source: Loshchilov and Hutter (2017) for the cosine.
    """
    if schedule not in ("constant", "cosine", "linear"):
        raise ValueError(f"schedule must be 'constant', 'cosine' or 'linear', got {schedule!r}")
    if schedule == "constant":
        return 1.0
    rising = max(1, num_steps // 10)
    if step < rising:
        return (step + 1) / rising
    done, falling = step - rising, max(1, num_steps - rising)
    if schedule == "linear":
        return 1 - done / falling
    return 0.5 * (1 + math.cos(math.pi * done / falling))
