"""Lines 11, 15 and 22 of S0's program: its "Hessian", the correction of it, and the update by it."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from hnrc_lib.claims import s0_printed
from hnrc_lib.claims.s0_defects import Defect
from hnrc_lib.claims.s0_subject import WIDTH, bands_and_indices, message_of, ten_layers
from hnrc_lib.claims.subjects import perceptron
from hnrc_lib.curvature import HessianLinearOperator, flatten


def hessian_defects() -> list[Defect]:
    """What is wrong with these lines, each shown by running them."""
    return [
        _misplaced_identity(),
        _function_differentiated(),
        _elementwise_product(),
        _jacobian_is_gradient(),
        _unequal_shapes(),
        _not_a_hessian(),
    ]


def _misplaced_identity() -> Defect:
    printed = _printed_hessian(ten_layers(), 0.0)
    added = s0_printed.hessian_normalized_rank_1_correction(torch.zeros_like(printed), 1.0)
    square = added.reshape(WIDTH**2, WIDTH**2)
    return Defect(
        name="misplaced identity",
        line=11,
        says="adds λ to the diagonal",
        does="adds I of the first axis, broadcast over the others, to an array with four axes",
        mended="H as an n × n matrix, I of the same size",
        how="run",
        shown_by={
            "axes": printed.ndim,
            "entries_changed": int((square != 0).sum()),
            "diagonal_entries_changed": int((square.diagonal() != 0).sum()),
        },
    )


def _function_differentiated() -> Defect:
    theta = torch.ones(3, requires_grad=True)
    message = message_of(TypeError, lambda: s0_printed.update_parameters(theta, torch.eye(3), 0.1))
    return Defect(
        name="function differentiated",
        line=15,
        says="differentiates the loss",
        does="hands over the function itself, not a value computed from θ; torch refuses it alike",
        mended="differentiate the value that loss_function returned",
        how="run",
        shown_by={"errors": float(bool(message))},
        message=message,
    )


def _elementwise_product() -> Defect:
    """The printed product with the gradient of Σ hᵢθᵢ²/2 put in; a Newton step must give 0."""
    theta, H_tilde = torch.arange(1.0, 4.0), torch.diag(torch.tensor([1.0, 2.0, 4.0]))
    gradient = H_tilde @ theta
    printed = theta - 1.0 * torch.linalg.inv(H_tilde) * gradient
    formula = theta - 1.0 * torch.linalg.inv(H_tilde) @ gradient
    return Defect(
        name="elementwise product",
        line=15,
        says="multiplies the inverse with the gradient",
        does="multiplies entry by entry: from n parameters it makes an n × n matrix",
        mended="a matrix–vector product, better a solve",
        how="run",
        shown_by={
            "parameters": theta.numel(),
            "printed_entries": printed.numel(),
            "printed_distance_to_minimum": float(printed.norm()),
            "formula_distance_to_minimum": float(formula.norm()),
        },
    )


def _jacobian_is_gradient() -> Defect:
    X, y = bands_and_indices()
    model = ten_layers()
    params = {name: value.detach() for name, value in model.named_parameters()}

    def loss(p: dict[str, Tensor]) -> Tensor:
        return s0_printed.loss_function(y, functional_call(model, p, (X,)))

    jacobian: dict[str, Tensor] = torch.func.jacrev(loss)(params)  # pyright: ignore[reportAssignmentType]
    gradient: dict[str, Tensor] = torch.func.grad(loss)(params)
    difference = flatten(jacobian) - flatten(gradient)
    return Defect(
        name="jacobian is gradient",
        line=22,
        says="takes the Jacobian on the way to the Hessian",
        does="takes the Jacobian of a scalar, which is its gradient",
        mended="the Jacobian of the gradient",
        how="run",
        shown_by={
            "largest_difference": float(difference.abs().max()),
            "jacobian_entries": difference.numel(),
            "hessian_entries": difference.numel() ** 2,
        },
    )


def _unequal_shapes() -> Defect:
    X, y = bands_and_indices()
    model = perceptron(X.shape[1], 8)
    train = s0_printed.with_names(s0_printed.train_model, model=model, PERSISTENT=True)
    message = message_of(RuntimeError, lambda: train(X, y, 0.1, 0.1, 1))
    return Defect(
        name="unequal shapes",
        line=22,
        says="multiplies the Jacobian with the variables",
        does="packs each list into one tensor first, impossible for weights and biases of unequal shapes",
        mended="flatten the parameters into one vector",
        how="run",
        shown_by={
            "different_shapes": len({tuple(value.shape) for value in model.parameters()}),
            "errors": float(bool(message)),
        },
        message=message,
    )


def _not_a_hessian() -> Defect:
    """A linear term in the loss has no second derivative; what the program calls H moves with it."""
    printed, moved = (_printed_hessian(ten_layers(), slope) for slope in (0.0, 1.0))
    true, true_moved = (_true_product(slope) for slope in (0.0, 1.0))
    return Defect(
        name="not a Hessian",
        line=22,
        says="computes the Hessian",
        does="multiplies first derivatives with the values of the parameters",
        mended="differentiate the gradient once more",
        how="run",
        shown_by={
            "printed_entries": printed.numel(),
            "hessian_entries": true.numel() ** 2,
            "printed_moved_by_linear_term": float((moved - printed).norm() / printed.norm()),
            "hessian_moved_by_linear_term": float((true_moved - true).norm() / true.norm()),
        },
    )


def _printed_hessian(model: nn.Module, slope: float) -> Tensor:
    """What the port's line 22 binds to H, when slope·Σθ is added to the loss."""
    seen: list[Tensor] = []

    def record(H: Tensor, lambda_: float) -> Tensor:
        seen.append(H.detach())
        return H

    def loss_function(y_true: Tensor, y_pred: Tensor) -> Tensor:
        linear = torch.stack([value.sum() for value in model.parameters()]).sum()
        return s0_printed.loss_function(y_true, y_pred) + slope * linear

    train = s0_printed.with_names(
        s0_printed.train_model,
        model=model,
        PERSISTENT=True,
        hessian_normalized_rank_1_correction=record,
        loss_function=loss_function,
    )
    train(*bands_and_indices(), 0.1, 0.1, 1)
    return seen[0]


def _true_product(slope: float) -> Tensor:
    """Hessian times (1, …, 1), when slope·Σθ is added to the loss."""
    X, y = bands_and_indices()
    model = ten_layers()

    def loss(p: dict[str, Tensor]) -> Tensor:
        return s0_printed.loss_function(y, functional_call(model, p, (X,))) + slope * flatten(p).sum()

    operator = HessianLinearOperator(loss, {name: p.detach() for name, p in model.named_parameters()})
    return operator @ torch.ones(operator.shape[1], dtype=operator.dtype)
