"""The printed program of S0 §4 in PyTorch, line by line, with its defects; for study, not for use.

The comment before a statement gives the printed line's number and what it does. Two things are left open
on purpose, because they decide how far the program runs, and are supplied by ``with_names``: ``model``,
which the source never defines, and ``PERSISTENT``, whether the tape may be used twice.
"""

import inspect
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# Declared but never bound, as in the source: calling train_model or evaluate_model raises NameError.
model: Any

# tf.GradientTape() without persistent=True may be differentiated once; so may a torch graph not retained.
PERSISTENT = False


def loss_function(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Lines 5 and 6: the mean of squared differences, after broadcasting the two shapes."""
    # 6: y holds vocabulary indices, so this is a regression on the numbers of the words.
    return torch.mean(torch.square(y_true - y_pred))


def hessian_normalized_rank_1_correction(H: Tensor, lambda_: float) -> Tensor:
    """Lines 9 to 11: λI added, with I as large as the first axis of H and broadcast over the others."""
    # 10: the identity of the first axis; the number of parameters only if H is a square matrix of them.
    I = torch.eye(H.shape[0])
    # 11: formula H + λI, right for a matrix.
    return H + lambda_ * I


def update_parameters(theta_old: Tensor, H_tilde: Tensor, alpha: float) -> Tensor:
    """Lines 14 and 15: never called by the source."""
    # 15: differentiates the function itself instead of a value it returned.
    gradient: Any = torch.autograd.grad(loss_function, theta_old)  # pyright: ignore
    # 15: `*` multiplies entry by entry; the formula wants a matrix times a vector.
    return theta_old - alpha * torch.linalg.inv(H_tilde) * gradient


def train_model(X: Tensor, y: Tensor, alpha: float, lambda_: float, epochs: int) -> Tensor:
    """Lines 18 to 26: one step of the model's own optimiser; alpha, lambda_ and epochs do not reach it."""
    # 19: opens the tape; torch records without being asked.
    # 20: the forward pass of a model that is defined nowhere.
    y_pred = model(X)
    # 21: mean squared error on vocabulary indices.
    loss = loss_function(y, y_pred)
    # 22: the "jacobian" of a scalar is its gradient, one tensor for each variable.
    variables = list(model.parameters())
    jacobian = torch.autograd.grad(loss, variables, retain_graph=PERSISTENT)
    # 22: packs the lists into two tensors, which needs equal shapes, and multiplies gradients by parameters.
    H = torch.tensordot(torch.stack(jacobian), torch.stack(variables), dims=([1], [0]))  # pyright: ignore[reportArgumentType]
    # 23: computed, and not read again.
    H_tilde = hessian_normalized_rank_1_correction(H, lambda_)  # noqa: F841
    # 24: differentiates the same tape again.
    gradients = torch.autograd.grad(loss, variables)
    # 25: a step of the optimiser that the model carries, with the learning rate it was given elsewhere.
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.grad = gradient
    model.optimizer.step()
    # 26: the loss before the step; there was no loop.
    return loss


def evaluate_model(X: Tensor, y: Tensor) -> Tensor:
    """Lines 29 to 31: the training loss again, no error rate."""
    # 30: the same undefined model.
    y_pred = model(X)
    # 31: mean squared error on vocabulary indices.
    return torch.mean(torch.square(y - y_pred))


def with_names(function: Callable[..., Tensor], **names: Any) -> Callable[..., Tensor]:
    """The same code with some global names bound; the module itself is left as it is.

    Args:
        function: one of this module's.
        names: for example ``model=net, PERSISTENT=True``.

    Returns:
        A function with the code of the given one.

    >>> with_names(evaluate_model, model=lambda X: 2 * X)(torch.ones(3), torch.zeros(3))
    tensor(4.)
    """
    plain = inspect.unwrap(function)
    return types.FunctionType(plain.__code__, plain.__globals__ | names, plain.__name__)
