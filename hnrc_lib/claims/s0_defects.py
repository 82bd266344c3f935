"""What a defect of a printed program is, and what the text of S0's program shows by itself."""

import ast
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

from hnrc_lib.claims.claim import Numbers
from hnrc_lib.claims.s0_source import PRINTED, printed_line

How = Literal["run", "parsed", "read"]


@dataclass(frozen=True)
class Defect:
    """One place where a printed program does not do what it is printed for.

    Attributes:
        name: short and unique.
        line: of the printed program, counted from 1.
        says: what the line is meant to do.
        does: what it does.
        mended: what would be right.
        how: ``run``, code was executed and ``shown_by`` measured; ``parsed``, counted in the printed text;
            ``read``, known from TensorFlow's documentation and not run, as this library has no TensorFlow.
        shown_by: the numbers; empty for ``read`` and for nothing else.
        message: the error that was raised, where one was.
    """

    name: str
    line: int
    says: str
    does: str
    mended: str
    how: How
    shown_by: Numbers = field(default_factory=dict)
    message: str = ""

    def __post_init__(self) -> None:
        if (self.how == "read") == bool(self.shown_by):
            raise ValueError(f"shown_by must be empty for 'read' alone, got {self.how!r}: {self.shown_by}")

    @property
    def printed(self) -> str:
        """The line itself."""
        return printed_line(self.line)


@dataclass(frozen=True)
class NameUse:
    """How a function of a program uses names.

    Attributes:
        bound: names that it binds, its arguments included.
        read: names that it reads.
        called: names that it calls, one entry a call.
        loops: loops and comprehensions in it.
    """

    bound: frozenset[str]
    read: frozenset[str]
    called: tuple[str, ...]
    loops: int


def name_use(source: str, function: str) -> NameUse:
    """Parse a program and collect how one of its functions uses names.

    Args:
        source: text of the program.
        function: one that it defines at top level.

    Raises:
        ValueError: no such function.

    >>> use = name_use("def f(a, b):\\n  c = g(a)\\n", "f")
    >>> sorted(use.bound), sorted(use.read), use.called, use.loops
    (['a', 'b', 'c'], ['a', 'g'], ('g',), 0)
    """
    nodes = list(ast.walk(definition(source, function)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return NameUse(
        bound=frozenset(stored | {node.arg for node in nodes if isinstance(node, ast.arg)}),
        read=frozenset(node.id for node in names if isinstance(node.ctx, ast.Load)),
        called=tuple(n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)),
        loops=sum(isinstance(node, ast.For | ast.While | ast.comprehension) for node in nodes),
    )


def printed_function(function: str) -> Any:
    """Execute one printed definition, with no global names but Python's built-in ones.

    Args:
        function: one that the printed program defines.

    Raises:
        ValueError: no such function.
    """
    module = ast.Module([definition(PRINTED, function)], type_ignores=[])
    namespace: dict[str, Any] = {}
    exec(compile(module, "S0 section 4", "exec"), namespace)
    return namespace[function]


def undefined_model(features: Tensor, labels: Tensor) -> str:
    """Call the printed ``evaluate_model``, whose first statement needs no library.

    Args:
        features: X, as it would be passed.
        labels: y.

    Returns:
        The message of the NameError; empty if none was raised.
    """
    try:
        printed_function("evaluate_model")(features, labels)
    except NameError as error:
        return str(error)
    return ""


def uncalled_update() -> Defect:
    """The update of the parameters, which no printed function calls."""
    functions = [node.name for node in ast.parse(PRINTED).body if isinstance(node, ast.FunctionDef)]
    calls = [called for name in functions for called in name_use(PRINTED, name).called]
    return Defect(
        name="update never called",
        line=14,
        says="defines the update of the parameters",
        does="is called nowhere in the program",
        mended="call it in the training loop",
        how="parsed",
        shown_by={
            "calls_of_update_parameters": calls.count("update_parameters"),
            "calls_of_loss_function": calls.count("loss_function"),
        },
    )


def absent_names() -> list[Defect]:
    """Names that TensorFlow does not have; read in its documentation, not run."""
    return [
        Defect(
            name="no matrix_inverse",
            line=15,
            says="inverts the matrix",
            does="asks for tf.matrix_inverse, TensorFlow 1's name, absent from TensorFlow 2",
            mended="tf.linalg.solve(H_tilde, gradient[:, None]), without forming the inverse",
            how="read",
        ),
        Defect(
            name="no gradient",
            line=15,
            says="differentiates the loss",
            does="asks for tf.gradient, which no version has (tf.gradients is for graphs of TensorFlow 1)",
            mended="tape.gradient(loss, variables)",
            how="read",
        ),
    ]


def definition(source: str, function: str) -> ast.FunctionDef:
    """A function that a program defines at top level.

    Raises:
        ValueError: no such function.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return node
    raise ValueError(f"function must be defined by the program, got {function!r}")
