"""Objectives that worker processes can import; each notes what it was asked, one line a call."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Parabola:
    """(x − 3)², noted; where ``deadly`` lies in the folder, the process that takes x = 3 dies, once."""

    folder: Path

    def __call__(self, point):
        x = float(point["x"])
        self.note("begun", x)
        if x == 3 and (self.folder / "deadly").exists():
            (self.folder / "deadly").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        self.note("done", x)
        return (x - 3) ** 2

    def note(self, what, x):
        with (self.folder / what).open("a") as notes:
            notes.write(f"{os.getpid()} {x:g}\n")

    def noted(self, what):
        """(process, x) of every call."""
        lines = (self.folder / what).read_text().splitlines()
        return [(int(process), float(x)) for process, x in map(str.split, lines)]
