"""The port keeps the printed program's names, arguments and operations."""

import ast
import inspect

import pytest
import torch

from hnrc_lib.claims import s0_printed
from hnrc_lib.claims.s0_source import PRINTED, printed_line
from hnrc_lib.claims.s0_subject import bands_and_indices, ten_layers

FUNCTIONS = [node for node in ast.parse(PRINTED).body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("printed", FUNCTIONS, ids=lambda node: node.name)
def test_functions_and_arguments_are_those_printed(printed):
    ported = inspect.signature(getattr(s0_printed, printed.name))
    assert list(ported.parameters) == [argument.arg for argument in printed.args.args]


def test_the_printed_program_has_31_lines():
    assert len(PRINTED.splitlines()) == 31
    assert printed_line(24) == "gradients = tape.gradient(loss, model.trainable_variables)"
    with pytest.raises(ValueError, match="number must lie in 1 to 31, got 32"):
        printed_line(32)


def test_the_model_is_not_bound_by_the_module():
    assert not hasattr(s0_printed, "model")
    with pytest.raises(NameError, match="name 'model' is not defined"):
        s0_printed.train_model(torch.ones(2, 2), torch.ones(2, 2), 0.1, 0.1, 1)


def test_names_are_supplied_without_touching_the_module():
    train = s0_printed.with_names(s0_printed.train_model, model=ten_layers(), PERSISTENT=True)
    train(*bands_and_indices(), 0.1, 0.1, 1)
    assert not hasattr(s0_printed, "model")
    assert s0_printed.PERSISTENT is False


def test_made_to_run_it_takes_one_step_of_plain_gradient_descent():
    X, y = bands_and_indices()
    model, reference = ten_layers(0.05), ten_layers(None)
    loss = s0_printed.with_names(s0_printed.train_model, model=model, PERSISTENT=True)(X, y, 9.0, 9.0, 9)
    by_hand = ((y - reference(X)) ** 2).mean()
    gradients = torch.autograd.grad(by_hand, list(reference.parameters()))
    assert torch.equal(loss, by_hand)
    for moved, start, gradient in zip(model.parameters(), reference.parameters(), gradients, strict=True):
        assert torch.allclose(moved, start - 0.05 * gradient, rtol=0, atol=1e-15)


def test_the_loss_is_the_mean_square():
    loss = s0_printed.loss_function(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 3.0]))
    assert float(loss) == (4 + 1) / 2
    model = s0_printed.with_names(s0_printed.evaluate_model, model=lambda X: X + 1)
    assert float(model(torch.tensor([2.0, 2.0]), torch.tensor([1.0, 2.0]))) == (4 + 1) / 2


def test_the_correction_is_right_for_a_matrix():
    H = torch.tensor([[1.0, 2.0], [2.0, 5.0]])
    corrected = s0_printed.hessian_normalized_rank_1_correction(H, 3.0)
    assert corrected.tolist() == [[4.0, 2.0], [2.0, 8.0]]
