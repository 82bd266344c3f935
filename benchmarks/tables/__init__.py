"""The tables of ``python -m benchmarks``, in the order in which they run."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

from benchmarks.harness import Case
from benchmarks.tables import (
    correctness,
    ctc,
    eigenpairs,
    full_hessian,
    ggn,
    gpu,
    hvp,
    landscape,
    recurrent,
    spectrum,
    trace,
    training,
)


class Table(NamedTuple):
    """Name of the file, heading, what is measured, and the cases (fewer when quick)."""

    name: str
    title: str
    text: str
    cases: Callable[[bool], Iterator[Case]]


def _table(module: ModuleType) -> Table:
    return Table(module.NAME, module.TITLE, module.TEXT, module.cases)


ORDER = (
    correctness,
    hvp,
    ggn,
    full_hessian,
    eigenpairs,
    trace,
    spectrum,
    ctc,
    recurrent,
    landscape,
    training,
    gpu,
)
TABLES = {table.name: table for table in map(_table, ORDER)}
