"""A linear map of CUDA tensors as one CUDA graph: all its kernels for the price of one launch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.operator import CurvatureOperator
from hnrc_lib.curvature.replay import replayed
from hnrc_lib.curvature.replay.fusion import fused_rows
from hnrc_lib.linalg.operators import LinearOperator

LinearFunction = Callable[[Sequence[Tensor]], Sequence[Tensor]]


class CapturedMap:
    """A map that is captured once and launched as a whole.

    Products through recurrent nets call thousands of small kernels, and launching them takes longer than
    they run. A captured graph launches all of them at once. The map must be a list of kernels, as a
    ``ReplayedMap`` is: a backward pass through a kept graph runs on the streams of its forward pass and
    cannot be captured. Not run on a card yet.

    Args:
        function: from tensors to tensors, the same kernels at each call, nothing read back to the host.
        like: CUDA tensors with the shapes and dtypes of its arguments.

    Raises:
        ValueError: a tensor does not lie on a CUDA card, or there is none.

    >>> CapturedMap(lambda parts: parts, [torch.zeros(2)])
    Traceback (most recent call last):
    ValueError: like must hold tensors on a CUDA card, got one on cpu
    """

    def __init__(self, function: LinearFunction, like: Sequence[Tensor]) -> None:
        if not like:
            raise ValueError("like must hold at least one tensor, got none")
        for tensor in like:
            if tensor.device.type != "cuda":
                raise ValueError(f"like must hold tensors on a CUDA card, got one on {tensor.device}")
        self._inputs = [torch.zeros_like(tensor) for tensor in like]
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(like[0].device), torch.no_grad():
            self._warm_up(function)
            with torch.cuda.graph(self._graph):
                self._outputs = list(function(self._inputs))

    def _warm_up(self, function: LinearFunction) -> None:
        """Libraries set themselves up at their first calls, which a capture does not allow."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                function(self._inputs)
        torch.cuda.current_stream().wait_stream(stream)

    def __call__(self, vectors: Sequence[Tensor]) -> list[Tensor]:
        """The image of one vector, a tensor a part, in memory of its own."""
        for kept, given in zip(self._inputs, vectors, strict=True):
            kept.copy_(given)
        self._graph.replay()
        return [output.clone() for output in self._outputs]


class CapturedOperator(LinearOperator):
    """A curvature operator over one batch on a CUDA card, its products captured as CUDA graphs.

    One graph for single vectors, one more for each number of columns that comes. Each holds the memory that
    its product works in.

    Args:
        operator: on a card, without data and process group; as it stands now.
        fused: run its element-wise calls as generated Triton kernels, several calls each. Not run on a card
            yet.

    Raises:
        ValueError: it lies elsewhere, or has data or a process group.
        NotReplayable: its product is no list of kernels.
    """

    structured = True

    def __init__(self, operator: CurvatureOperator, *, fused: bool = False) -> None:
        super().__init__(operator.shape, operator.dtype, operator.device)
        graph, names = operator.only_graph(), list(operator.blocks)
        self._operator, self._fused, self._like = operator, fused, list(operator.params.values())
        if self.device.type != "cuda":
            raise ValueError(f"operator must lie on a CUDA card, got {self.device}")
        self.flatten, self.unflatten = operator.flatten, operator.unflatten
        self._map = replayed(lambda *parts: graph.multiply(names, names, parts), self._like)
        self._captured: dict[int, CapturedMap] = {}

    def _matmat(self, block: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        width, sizes = block.shape[1], list(self._operator.blocks.values())
        pieces = block.mT.split(sizes, dim=1)
        rows = [piece.reshape(width, *x.shape) for piece, x in zip(pieces, self._like, strict=True)]
        if width not in self._captured:
            function = fused_rows(self._map.program, width) if self._fused else self._map.rows
            self._captured[width] = CapturedMap(function, rows)
        return torch.cat([part.reshape(width, -1) for part in self._captured[width](rows)], dim=1).mT
