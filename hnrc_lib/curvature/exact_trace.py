"""Exact trace of the Hessian of a piecewise-linear network."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.curvature.trace_layers import LayerRecorder, RecordedLayer
from hnrc_lib.curvature.trace_result import HessianTrace
from hnrc_lib.curvature.trace_structure import AffineCheck, layer_names
from hnrc_lib.curvature.vectors import check_params
from hnrc_lib.linalg.checks import check_count, check_finite
from hnrc_lib.linalg.trace_estimate import TraceEstimate

Criterion = Callable[[Tensor], Tensor]


def piecewise_linear_trace(
    model: nn.Module,
    inputs: Tensor,
    criterion: Criterion,
    params: Mapping[str, Tensor] | None = None,
    *,
    chunk_size: int = 32,
) -> HessianTrace:
    """tr H without error, for a network whose outputs are affine in each single parameter.

        tr H = Σ_n tr J_nᵀ H_n J_n = Σ_n Σ_k λ_nk ‖J_nᵀ u_nk‖²,   H_n = Σ_k λ_nk u_nk u_nkᵀ

    with J_n the Jacobian of the outputs of example n and H_n the second derivative of the criterion by
    them. Where a path uses each parameter at most once, between functions that are piecewise linear (ReLU,
    max-pooling), ∂²f/∂θᵢ² = 0 and the term of H that holds second derivatives of the network has a zero
    diagonal. The forward pass is watched, and refused where this does not hold: weights used again over time,
    tied weights, layer normalisation, batch statistics, tanh. Use ``hessian_trace`` for those.

    k runs over the rank of H_n (classes − 1 for softmax cross-entropy); each costs one backward pass to the
    layers and their squared norms, no gradient of a single example is kept.

    Args:
        model: maps a batch to outputs, examples along dimension 0; put it into eval mode if it has dropout
            or batch normalisation. Neither it nor its buffers change.
        inputs: the batch, N examples.
        criterion: L(outputs), a scalar that adds up over the examples, as in
            ``lambda outputs: cross_entropy(outputs, targets)``; any curvature, also negative.
        params: name to tensor, which parameters are meant and their values; the model's own that require a
            gradient when left out. The others are constants.
        chunk_size: examples whose patches are held at once, ≥ 1.

    Returns:
        The trace, standard error 0, and the part of every parameter; ``num_products`` counts backward passes.

    Raises:
        ValueError: an operation is not affine in each parameter or mixes examples (the layer is named), the
            criterion does not add up over the examples, or a parameter enters other than by one linear,
            convolution or batch-norm layer.

    >>> from torch.nn.functional import mse_loss
    >>> model = nn.Linear(2, 1)
    >>> inputs = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    >>> trace = piecewise_linear_trace(model, inputs, lambda y: mse_loss(y, torch.zeros(2, 1)))
    >>> trace.value, trace.blocks["bias"].value
    (16.0, 2.0)
    """
    check_count("chunk_size", chunk_size, 1)
    if params is None:
        params = {name: value for name, value in model.named_parameters() if value.requires_grad}
    check_params(params)
    with torch.inference_mode(False), torch.enable_grad():
        passes = [_watched(model, part, params) for part in inputs.detach().split(chunk_size)]
        outputs = torch.cat([output for output, _ in passes])
        weights, directions = _curvature_of(criterion, outputs)
    parts = [
        _squared_norms(output, layers, w, u)
        for (output, layers), w, u in zip(
            passes, weights.split(chunk_size), directions.split(chunk_size), strict=True
        )
    ]
    sums = {name: math.fsum(part[name] for part in parts) for name in params}
    check_finite("the trace", torch.tensor(list(sums.values())))
    count = weights.shape[1] * len(parts)
    blocks = {name: TraceEstimate(value, 0.0, count) for name, value in sums.items()}
    return HessianTrace(math.fsum(sums.values()), 0.0, count, blocks)


def _watched(
    model: nn.Module, inputs: Tensor, params: Mapping[str, Tensor]
) -> tuple[Tensor, list[RecordedLayer]]:
    """Outputs of a part of the batch and the layers that made them."""
    inputs = inputs.clone()  # copies, with storages of their own, whatever the model does in place
    chosen = {name: value.detach().clone() for name, value in params.items()}
    others = {name: value.detach() for name, value in model.named_parameters() if name not in chosen}
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    with layer_names(model) as place:
        check = AffineCheck(chosen, inputs, place)
        recorder = LayerRecorder(chosen, check, place)
        with check, recorder:
            output = torch.func.functional_call(model, {**others, **buffers, **chosen}, (inputs,))
    _check_uses(check, recorder.layers, output, inputs, list(chosen))
    return output, recorder.layers


def _check_uses(
    check: AffineCheck, layers: list[RecordedLayer], output: Tensor, inputs: Tensor, names: list[str]
) -> None:
    if check.mixing:
        raise ValueError(check.mixing)
    if output.shape[:1] != inputs.shape[:1]:
        raise ValueError(
            f"model must return {len(inputs)} rows, one an example, got shape {tuple(output.shape)}"
        )
    if unused := sorted(set(names) - check.params_behind(output)):
        raise ValueError(f"outputs must depend on every parameter, but do not use {unused}")
    uses = Counter(name for layer in layers for name in layer.names if name is not None)
    odd = sorted({name for name in names if uses[name] != 1} | check.unrecorded)
    if odd:
        raise ValueError(
            f"every parameter must enter by one linear, convolution or batch-norm layer, but {odd} do not; "
            "use hessian_trace"
        )


def _curvature_of(
    criterion: Criterion, outputs: Tensor
) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n m k"]]:
    """Eigenvalues and eigenvectors of the criterion's second derivative, example by example."""
    leaf = outputs.detach().requires_grad_()
    value = criterion(leaf)
    if value.ndim != 0 or not bool(torch.isfinite(value)):
        raise ValueError(f"criterion must return a finite scalar, got shape {tuple(value.shape)}: {value}")
    (gradient,) = torch.autograd.grad(value, leaf, create_graph=True, materialize_grads=True)
    count, size = len(outputs), outputs[0].numel()
    if not gradient.requires_grad:
        return outputs.new_zeros(count, 0), outputs.new_zeros(count, size, 0)

    def product(vectors: Tensor) -> Tensor:
        (result,) = torch.autograd.grad(
            gradient, leaf, vectors.view_as(leaf), retain_graph=True, materialize_grads=True
        )
        return result.reshape(count, size)

    units = torch.eye(size, dtype=leaf.dtype, device=leaf.device)
    blocks = torch.stack([product(unit.repeat(count, 1)) for unit in units], dim=2)
    check_finite("the second derivative of the criterion", blocks)
    _check_separate(product, blocks.sum(2) + 1)
    values, vectors = torch.linalg.eigh((blocks + blocks.mT) / 2)
    order = values.abs().argsort(dim=1, descending=True)
    values, vectors = values.gather(1, order), vectors.gather(2, order[:, None, :].expand_as(vectors))
    kept = (values.abs() > size * torch.finfo(leaf.dtype).eps * values.abs().max()).any(dim=0)
    return values[:, kept], vectors[:, :, kept]


def _check_separate(product: Callable[[Tensor], Tensor], vectors: Tensor) -> None:
    """No row of a product may depend on another row: it is exactly zero where all others are blotted out."""
    rows = torch.arange(len(vectors), device=vectors.device)
    for bit in range((len(vectors) - 1).bit_length()):  # any two rows differ in one bit of their numbers
        blotted = (rows >> bit) % 2 == 0
        if bool(product(vectors.masked_fill(blotted[:, None], 0.0))[blotted].any()):
            raise ValueError("criterion must add up over the examples, but couples two of them")


@torch.no_grad()
def _squared_norms(
    output: Tensor, layers: list[RecordedLayer], weights: Tensor, directions: Tensor
) -> dict[str, float]:
    """Σ_nk λ_nk ‖∂(u_nk·f_n)/∂θ‖² of every parameter, over a part of the batch."""
    count, num_signals = weights.shape
    sums = [layer.sums(count, num_signals) for layer in layers]
    for w, u in zip(weights.unbind(1), directions.unbind(2), strict=True):
        gradients = torch.autograd.grad(
            output, [layer.output for layer in layers], u.reshape(output.shape), retain_graph=True
        )
        for layer, total, gradient in zip(layers, sums, gradients, strict=True):
            total.add(layer.positions(gradient, count), w)
    found: dict[str, float] = {}
    for layer, total in zip(layers, sums, strict=True):
        for name, value in zip(layer.names, total.totals(), strict=True):
            if name is not None:
                found[name] = value
    return found
