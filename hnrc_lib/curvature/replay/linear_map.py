"""A linear map recorded once and replayed, on single vectors and on rows of them."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.replay.batch import batched
from hnrc_lib.curvature.replay.program import Program, Slot
from hnrc_lib.curvature.replay.record import NotReplayable, record
from hnrc_lib.curvature.replay.simplify import simplify

LinearFunction = Callable[..., Sequence[Tensor]]

_aten = torch.ops.aten
# With other weights a row they would run as grouped convolutions, two to four times slower than one by one.
_CONVOLUTIONS = {_aten.convolution.default, _aten.convolution_backward.default}


def replayed(
    function: LinearFunction, like: Sequence[Tensor], image: Sequence[Tensor] | None = None
) -> "ReplayedMap":
    """Record a linear function of tensors and check the recording against it.

    The recording is made at one random vector and compared at another, so that a dependence that it missed
    shows.

    Args:
        function: linear, from tensors like ``like`` to tensors; it must not depend on anything that changes.
        like: tensors with the shapes, dtypes and devices of its arguments.
        image: the function of these very tensors, where it is known; the recording is then compared there,
            and the function runs once less.

    Raises:
        NotReplayable: it wrote to a tensor, drew random numbers, looked at values, or came out different.

    >>> A = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> twice = replayed(lambda x: [A @ x, A.exp().sum() * x], [torch.zeros(2)])
    >>> twice([torch.tensor([1.0, 0.0])])[0]
    tensor([1., 3.])
    """
    generator = torch.Generator().manual_seed(0)
    example, other = (_random(like, generator) for _ in range(2))
    if image is None:
        image = function(*other)
    else:
        other = like
    try:
        program = simplify(record(function, example))
        with torch.no_grad():
            found = program.function()(*other)
    except NotReplayable:
        raise
    except RuntimeError as error:  # torch's class for what cannot run below a recorder or as a bare kernel
        raise NotReplayable(f"the function cannot be recorded: {error}") from error
    if not _close(found, image):
        raise NotReplayable("the recording differs from the function at another vector")
    return ReplayedMap(program)


class ReplayedMap:
    """A linear map as a program.

    Args:
        program: takes the parts of a vector, returns the parts of its image.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._function = program.function()
        self._parts: dict[tuple[tuple[int, ...], tuple[int, ...]], ReplayedMap] = {}
        self._widths: set[int] = set()
        self._of_width: dict[int, LinearFunction] = {}
        self._by_rows = any(call.function in _CONVOLUTIONS for call in program.calls)

    def __call__(self, vectors: Sequence[Tensor]) -> Sequence[Tensor]:
        """The image of one vector, a tensor a part."""
        with torch.no_grad():
            return self._function(*vectors)

    def rows(self, vectors: Sequence[Float[Tensor, "k ..."]]) -> Sequence[Tensor]:
        """The images of k vectors, each part with k rows.

        A k that comes a second time gets a program of its own, which takes all rows in one run.
        """
        function = self._rows_function(len(vectors[0]))
        with torch.no_grad():
            return function(*vectors)

    def part(self, inputs: Sequence[int], outputs: Sequence[int]) -> "ReplayedMap":
        """The map from some parts of a vector, the others being zero, to some parts of its image."""
        key = (tuple(inputs), tuple(outputs))
        if key == (tuple(range(len(self.program.inputs))), tuple(range(len(self.program.outputs)))):
            return self
        if key not in self._parts:
            self._parts[key] = ReplayedMap(simplify(self.program, *key))
        return self._parts[key]

    def _rows_function(self, width: int) -> LinearFunction:
        first_time = width not in self._widths
        self._widths.add(width)
        if not (self._by_rows or width == 1 or first_time or width in self._of_width):
            function = self._batched(width)
            if function is None:
                self._by_rows = True
            else:
                self._of_width[width] = function
        return self._of_width.get(width, self._one_by_one)

    def _batched(self, width: int) -> LinearFunction | None:
        """A program for so many rows, if one sum over its rows agrees with the image of that sum."""
        generator = torch.Generator().manual_seed(0)
        rows = _random(self.program.inputs, generator, width)
        weights = torch.randn(width, generator=generator).to(rows[0])
        try:
            function = batched(self.program, width).function()
        except RuntimeError:  # torch's class for an operation without a rule for rows
            return None
        with torch.no_grad():
            found = [torch.tensordot(weights, part, 1) for part in function(*rows)]
            expected = self._function(*(torch.tensordot(weights, part, 1) for part in rows))
        return function if _close(found, expected) else None

    def _one_by_one(self, *vectors: Tensor) -> Sequence[Tensor]:
        images = [self._function(*row) for row in zip(*vectors, strict=True)]
        return [torch.stack(parts) for parts in zip(*images, strict=True)]


def _random(like: Sequence[Tensor | Slot], generator: torch.Generator, *rows: int) -> list[Tensor]:
    return [torch.randn((*rows, *x.shape), generator=generator, dtype=x.dtype).to(x.device) for x in like]


def _close(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    """Whether every part agrees to half of the digits, or to all of those of the whole."""
    eps = torch.finfo(expected[0].dtype).eps
    norms = [float(torch.linalg.vector_norm(part)) for part in expected]
    differences = [float(torch.linalg.vector_norm(a - b)) for a, b in zip(found, expected, strict=True)]
    allowed = 100 * eps * math.hypot(*norms)
    return all(d <= eps**0.5 * norm + allowed for d, norm in zip(differences, norms, strict=True))
