"""What happens to S1's printed regression, line by line, as its defects are mended one after the other."""

import math
from dataclasses import dataclass

import numpy as np

from hnrc_lib.claims.printed_text import PrintedRun
from hnrc_lib.claims.s1_source import PROGRAM


@dataclass(frozen=True)
class Repair:
    """One line of the program and what would be right in its place.

    Attributes:
        name: short and unique.
        line: of the printed program, counted from 1.
        says: what the line is meant to do.
        does: what it does.
        mended: the text in its place, indentation included.
    """

    name: str
    line: int
    says: str
    does: str
    mended: str


REPAIRS = (
    Repair(
        name="unused import",
        line=2,
        says="brings in TensorFlow",
        does="is never used: the program is NumPy alone",
        mended="",
    ),
    Repair(
        name="intercept column",
        line=8,
        says="(an empty line after the data)",
        does="leaves x with one column for the two parameters that line 22 makes, so that line 15 cannot",
        mended="x = np.hstack([x, np.ones((100, 1))])",
    ),
    Repair(
        name="Hessian of the parameters",
        line=19,
        says="returns the matrix of second derivatives",
        does="returns the 100 × 100 matrix of products of the examples, of rank two, which line 34 inverts "
        "without complaint to numbers made of rounding, and line 37 cannot multiply with a gradient of two",
        mended="    return -2 * np.dot(x.T, x) / len(y)",
    ),
    Repair(
        name="sign",
        line=19,
        says="returns the matrix of second derivatives",
        does="returns its negative, so that line 37 climbs",
        mended="    return 2 * np.dot(x.T, x) / len(y)",
    ),
    Repair(
        name="full step",
        line=23,
        says="sets a learning rate of 0.01",
        does="makes an error (1 − 0.01)^k of what Newton's step removes at once",
        mended="learning_rate = 1.0",
    ),
)


@dataclass(frozen=True)
class Rung:
    """The program with the first repairs made.

    Attributes:
        repairs: their names.
        message: the error, empty where it ran to its end.
        line: that raised the error, or None.
        theta: the slope and the intercept that it printed; empty where it did not get there.
        distance: from θ to least squares on the same data, ‖θ − θ*‖; NaN without θ.
        loss: mean squared error at θ; NaN without θ.
        largest_inverse: the largest |entry| of the last inverse that it formed; NaN where it formed none.
    """

    repairs: tuple[str, ...]
    message: str
    line: int | None
    theta: tuple[float, ...]
    distance: float
    loss: float
    largest_inverse: float


def regression(num_repairs: int, *, num_steps: int = 1000) -> Rung:
    """Run the printed program with its first defects mended.

    Args:
        num_repairs: how many of ``REPAIRS``, 0 to 5.
        num_steps: of the loop in line 26, which prints 1000.

    Returns:
        How far it came.

    Raises:
        ValueError: there are not so many repairs, or no steps.

    >>> regression(1).message
    'ValueError: shapes (100,1) and (2,1) not aligned: 1 (dim 1) != 2 (dim 0)'
    >>> [round(value, 3) for value in regression(5, num_steps=1).theta]
    [1.994, 1.056]
    """
    if not 0 <= num_repairs <= len(REPAIRS):
        raise ValueError(f"num_repairs must lie in 0 to {len(REPAIRS)}, got {num_repairs}")
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1, got {num_steps}")
    made = REPAIRS[:num_repairs]
    replaced = {repair.line: repair.mended for repair in made}
    run = PROGRAM.run({**replaced, 26: f"for i in range({num_steps}):"})
    return _rung(tuple(repair.name for repair in made), run)


def _rung(repairs: tuple[str, ...], run: PrintedRun) -> Rung:
    inverse = run.names.get("inv_hess")
    largest = math.nan if inverse is None else float(np.abs(inverse).max())
    if run.error is not None:
        return Rung(repairs, run.message, run.line, (), math.nan, math.nan, largest)
    x, y, theta = (run.names[name] for name in ("x", "y", "theta"))
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    return Rung(
        repairs=repairs,
        message="",
        line=None,
        theta=tuple(float(value) for value in theta.ravel()),
        distance=float(np.linalg.norm(theta - best)),
        loss=float(run.names["loss_function"](x, y, theta)),
        largest_inverse=largest,
    )
