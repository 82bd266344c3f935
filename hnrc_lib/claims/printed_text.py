"""A printed program as text: quoted in full, run with some of its lines replaced, and what came of it."""

import contextlib
import io
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class PrintedRun:
    """How a run of a printed program ended.

    Attributes:
        names: its global names at the end, or when the error came.
        output: what it printed.
        error: what it raised, or None.
        line: the innermost line of the program that raised it, counted from 1, or None.
    """

    names: Mapping[str, Any]
    output: str
    error: Exception | None = None
    line: int | None = None

    @property
    def message(self) -> str:
        """Kind and text of the error; empty where there was none."""
        return "" if self.error is None else f"{type(self.error).__name__}: {self.error}"


@dataclass(frozen=True)
class PrintedProgram:
    """The text of a program that a source prints, without the blanks at the ends of its lines.

    Args:
        name: where it stands, for example ``"S1 section 4"``; the file name in its tracebacks.
        text: the program.

    >>> program = PrintedProgram("example", "x = 1\\nprint(x / y)\\n")
    >>> program.run().message, program.run(bound={"y": 2}).output
    ("NameError: name 'y' is not defined", '0.5\\n')
    """

    name: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """One line, stripped.

        Args:
            number: counted from 1.

        Raises:
            ValueError: there is no such line.
        """
        lines = self.text.splitlines()
        if not 1 <= number <= len(lines):
            raise ValueError(f"number must lie in 1 to {len(lines)}, got {number}")
        return lines[number - 1].strip()

    def run(
        self, replaced: Mapping[int, str] | None = None, bound: Mapping[str, Any] | None = None, seed: int = 0
    ) -> PrintedRun:
        """Run the program; an error is part of what is studied, and is returned.

        The global random generators of torch and NumPy, which the printed programs draw from, start from
        the seed and are afterwards as they were before.

        Args:
            replaced: number of a line, counted from 1, to the text in its place, indentation included.
            bound: global names that are there from the start.
            seed: of the generators.

        Raises:
            ValueError: there is no line of such a number.
        """
        lines = self.text.splitlines()
        for number, text in (replaced or {}).items():
            self.line(number)
            lines[number - 1] = text
        code = compile("\n".join(lines), self.name, "exec")
        names: dict[str, Any] = {"__name__": "printed", **(bound or {})}
        output = io.StringIO()
        with contextlib.redirect_stdout(output), _seeded(seed):
            try:
                exec(code, names)
            except Exception as error:
                frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == self.name]
                return PrintedRun(names, output.getvalue(), error, frames[-1].lineno)
        return PrintedRun(names, output.getvalue())


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    kept = np.random.get_state()  # noqa: NPY002 - the generator that the printed programs draw from
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            yield
    finally:
        np.random.set_state(kept)  # noqa: NPY002
