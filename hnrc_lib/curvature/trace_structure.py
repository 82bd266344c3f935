"""Whether a network's outputs are affine in each parameter, found from the operations of one forward pass."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# ATen operations by their names, in-place ones without the underscore. The first three kinds are linear or
# piecewise linear in all tensors together.
_RESHAPES = {"_reshape_alias", "_unsafe_view", "reshape", "squeeze", "view"}
_BY_AXIS = {
    "cat", "cumsum", "amax", "amin", "flip", "max", "mean", "min", "permute", "roll", "select", "slice",
    "split", "split_with_sizes", "stack", "sum", "t", "transpose", "unbind", "unfold", "unsqueeze",
}  # fmt: skip
_BY_ROW = {
    "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "_to_copy", "abs", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "add", "alias", "avg_pool1d", "avg_pool2d", "avg_pool3d", "clamp",
    "clamp_max", "clamp_min", "clone", "constant_pad_nd", "copy", "detach", "expand", "hardshrink",
    "hardtanh", "leaky_relu", "lift_fresh", "max_pool2d_with_indices", "max_pool3d_with_indices",
    "maximum", "minimum", "neg", "reflection_pad1d", "reflection_pad2d", "relu", "replication_pad1d",
    "replication_pad2d", "rsub", "softshrink", "sub", "threshold", "upsample_nearest1d",
    "upsample_nearest2d", "where",
}  # fmt: skip
# The values of these do not move with the parameters.
_STEPS = {
    "empty_like", "eq", "full_like", "ge", "gt", "le", "lt", "ne", "new_empty", "new_full", "new_ones",
     "new_zeros", "ones_like", "sgn", "sign", "zeros_like",
}  # fmt: skip
# Affine in each of two factors, whose places among the arguments stand here.
_PRODUCTS = {
    "mul": (0, 1),
    "bmm": (0, 1),
    "baddbmm": (1, 2),
    "_prelu_kernel": (0, 1),
    "mm": (0, 1),
    "addmm": (1, 2),
    "linear": (0, 1),
    "convolution": (0, 1),
    "native_batch_norm": (0, 1),
    "cudnn_batch_norm": (0, 1),
    "_native_batch_norm_legit_no_training": (0, 1),
}
_EITHER_FACTOR_HAS_ROWS = {"mul", "bmm", "baddbmm"}


class _Origin(NamedTuple):
    """What a tensor was made from: parameters by name, and the examples or not."""

    params: frozenset[str]
    examples: bool

    def has_rows(self) -> bool:
        """Whether its rows must stay with their examples; constants may be shared freely."""
        return bool(self.params) and self.examples


_CONSTANT = _Origin(frozenset(), False)


class AffineCheck(TorchDispatchMode):
    """Refuses operations that bend the outputs in a parameter, notes the first that mixes examples.

    Every tensor carries the names of the parameters it was made from. A product is affine in each of them
    as long as no name stands in both factors; sums, reshapes, and piecewise-linear functions join the
    names; whatever else meets a parameter is refused. A tensor made from parameters and examples must hold
    example n in the n-th of N equal stretches of rows, which the check follows as well.

    Args:
        params: name to tensor, the parameters that may vary; everything else is a constant.
        inputs: examples along dimension 0.
        place: says which layer runs, for the message.

    Attributes:
        unrecorded: names of parameters that entered an operation outside ``recorded_layer``.
        mixing: what was wrong with the first operation that does not keep the examples apart, or None.

    Raises:
        ValueError: from within the forward pass, at the first such operation, which then has not run.
    """

    def __init__(self, params: Mapping[str, Tensor], inputs: Tensor, place: Callable[[], str]) -> None:
        super().__init__()
        self.unrecorded: set[str] = set()
        self.mixing: str | None = None
        self._place, self._rows, self._in_layer = place, len(inputs), False
        self._origins: dict[int, _Origin] = {}
        self._alive: list[Any] = []  # a freed storage would hand its address to another tensor
        self._params: dict[int, str] = {}
        for name, value in params.items():
            self._params[_key(value)] = name
            self._join(value, _Origin(frozenset({name}), False))
        self._join(inputs, _Origin(frozenset(), True))

    @contextmanager
    def recorded_layer(self) -> Iterator[None]:
        """Parameters that are used within are accounted for by the caller."""
        self._in_layer = True
        yield
        self._in_layer = False

    def params_behind(self, tensor: Tensor) -> frozenset[str]:
        """The parameters that a tensor was made from."""
        return self._of(tensor).params

    def has_rows(self, tensor: Tensor) -> bool:
        """Whether a tensor was made from parameters and examples."""
        return self._of(tensor).has_rows()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.removeprefix("aten::")
        name = name[:-1] if name.endswith("_") else name
        sources = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        origin = _CONSTANT if name in _STEPS else _union([self._of(source) for source in sources])
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise ValueError(f"{self._place()} draws random numbers ({name}); call model.eval() first")
        if origin.params:
            self._check_affine(name, func, args, kwargs)
            if origin.examples and self._rows > 1:
                self._check_rows(name, func, args, kwargs, sources)
            if not self._in_layer and not _is_view(func):
                self.unrecorded |= {self._params[key] for key in map(_key, sources) if key in self._params}
        result = func(*args, **kwargs)
        # Batch normalisation also returns the statistics that it was given.
        outputs = result[:1] if "batch_norm" in name else tree_leaves(result)
        for output in (leaf for leaf in outputs if isinstance(leaf, Tensor)):
            if output.is_floating_point() and origin != _CONSTANT:
                if _writes(func):
                    self._check_write(name, output, origin)
                self._join(output, origin)
                if origin.has_rows() and self._rows > 1:
                    self._check_shape(name, output, sources)
        return result

    def _check_affine(self, name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if name in _PRODUCTS:
            first, second = (self._origin_of(args[place]).params for place in _PRODUCTS[name])
            if first & second:
                self._refuse(name, f"multiplies two tensors that both depend on {sorted(first & second)}")
            if _argument(func, args, kwargs, "training", False):
                self._refuse(name, "takes its statistics from the batch; call model.eval() first")
        elif name == "div":
            if self._origin_of(args[1]).params:
                self._refuse(name, f"divides by what depends on {sorted(self._origin_of(args[1]).params)}")
        elif name not in _RESHAPES | _BY_AXIS | _BY_ROW:
            self._refuse(name, "is not known to be piecewise linear")

    def _check_rows(
        self, name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sources: list[Tensor]
    ) -> None:
        rowed = [source for source in sources if self.has_rows(source)]
        if name in _PRODUCTS and name not in _EITHER_FACTOR_HAS_ROWS:
            rowed = [source for source in rowed if source is args[_PRODUCTS[name][1]]]
            if rowed:
                self._note_mixing(name, rowed[0])
        elif rowed and name in _BY_AXIS and _touches_rows(name, func, args, kwargs):
            self._note_mixing(name, rowed[0])

    def _check_shape(self, name: str, output: Tensor, sources: list[Tensor]) -> None:
        aligned = output.ndim > 0 and len(output) > 0 and len(output) % self._rows == 0
        if name not in _RESHAPES | _BY_AXIS:  # broadcasting could put rows along another axis
            rowed = [source for source in sources if self.has_rows(source)]
            aligned = aligned and all(s.ndim == output.ndim and len(s) == len(output) for s in rowed)
        if not aligned:
            self._note_mixing(name, output)

    def _check_write(self, name: str, output: Tensor, origin: _Origin) -> None:
        known = self._of(output)
        partial = output.numel() * output.element_size() < output.untyped_storage().nbytes()
        if partial and _union([known, origin]) != known:
            self._refuse(name, "writes into a part of another tensor")

    def _note_mixing(self, name: str, tensor: Tensor) -> None:
        reason = f"does not keep {self._rows} examples apart along dimension 0, shape {tuple(tensor.shape)}"
        self.mixing = self.mixing or f"{self._place()}: {name} {reason}"

    def _refuse(self, name: str, reason: str) -> None:
        raise ValueError(f"{self._place()}: {name} {reason}")

    def _origin_of(self, argument: Any) -> _Origin:
        return self._of(argument) if isinstance(argument, Tensor) else _CONSTANT

    def _of(self, tensor: Tensor) -> _Origin:
        return self._origins.get(_key(tensor), _CONSTANT)

    def _join(self, tensor: Tensor, origin: _Origin) -> None:
        self._alive.append(tensor.untyped_storage())
        self._origins[_key(tensor)] = _union([self._of(tensor), origin])


@contextmanager
def layer_names(model: nn.Module) -> Iterator[Callable[[], str]]:
    """A function that names the layer which is running, for as long as the context lasts."""
    running: list[str] = []
    handles = []
    for name, module in model.named_modules():
        label = f"layer {name!r} ({type(module).__name__})" if name else f"model {type(module).__name__}"

        def enter(*_: Any, label: str = label) -> None:
            running.append(label)

        def leave(*_: Any) -> None:
            running.pop()

        handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield lambda: running[-1] if running else "model"
    finally:
        for handle in handles:
            handle.remove()


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _union(origins: list[_Origin]) -> _Origin:
    names = frozenset[str]().union(*(origin.params for origin in origins))
    return _Origin(names, any(origin.examples for origin in origins))


def _is_view(func: Any) -> bool:
    return not _writes(func) and all(output.alias_info is not None for output in func._schema.returns)


def _writes(func: Any) -> bool:
    return any(argument.alias_info and argument.alias_info.is_write for argument in func._schema.arguments)


def _argument(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, otherwise: Any) -> Any:
    for place, argument in enumerate(func._schema.arguments):
        if argument.name == name:
            if place < len(args):
                return args[place]
            return kwargs.get(name, argument.default_value)
    return otherwise


def _touches_rows(name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation along axes reads or moves dimension 0; without an axis it takes all of them."""
    first = args[0] if isinstance(args[0], Tensor) else args[0][0]
    rank = first.ndim + (name in ("unsqueeze", "stack"))
    if name == "permute":
        return args[1][0] % rank != 0
    found = [_argument(func, args, kwargs, key, None) for key in ("dim", "dim0", "dim1", "dims", "dimension")]
    axes = [axis for value in found if value is not None for axis in _as_list(value)]
    return not axes or any(axis % rank == 0 for axis in axes)


def _as_list(value: Any) -> list[int]:
    return [value] if isinstance(value, int) else list(value)
