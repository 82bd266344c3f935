"""Each defect of the printed program is demonstrated, by demonstrations that a sound program passes."""

import pytest
import torch

from hnrc_lib.claims import diagnose
from hnrc_lib.claims.s0_defects import Defect, name_use, printed_function
from hnrc_lib.claims.s0_source import PRINTED
from hnrc_lib.claims.s0_subject import largest_difference, message_of, run_printed


@pytest.fixture(scope="module")
def found():
    return diagnose()


@pytest.fixture(scope="module")
def defects(found):
    return {defect.name: defect for defect in found}


def test_names_are_unique_and_lines_ascend(found):
    assert len({defect.name for defect in found}) == len(found) == 17
    assert [defect.line for defect in found] == sorted(defect.line for defect in found)
    assert {defect.name for defect in found if defect.how == "read"} == {"no matrix_inverse", "no gradient"}


@pytest.mark.parametrize("name", ["alpha unused", "epochs unused", "H_tilde unused"])
def test_arguments_leave_the_printed_parameters_bit_identical(name, defects):
    assert defects[name].shown_by["largest_difference"] == 0.0
    assert defects[name].shown_by["mended_difference"] > 1e-3


def test_the_optimizer_of_the_model_decides_instead(defects):
    shown = defects["foreign optimiser"].shown_by
    assert shown["difference_at_tenfold_rate"] > 1e-4
    assert shown["errors_without_optimizer"] == 1
    assert "no attribute 'optimizer'" in defects["foreign optimiser"].message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model undefined", "name 'model' is not defined"),
        ("unequal shapes", "each tensor to be equal size, but got [8, 10] at entry 0 and [8] at entry 1"),
        ("tape used twice", "backward through the graph a second time"),
        ("function differentiated", "'function' object is not iterable"),
    ],
)
def test_errors_are_caught_with_their_messages(name, message, defects):
    assert message in defects[name].message


def test_all_three_calls_miss_the_model(defects):
    assert defects["model undefined"].shown_by == {"calls": 3, "name_errors": 3}


def test_what_is_called_a_hessian_is_not_one(defects):
    shown = defects["not a Hessian"].shown_by
    assert shown["printed_entries"] == 10**4
    assert shown["hessian_entries"] == 10**6
    assert shown["printed_moved_by_linear_term"] > 0.1
    assert shown["hessian_moved_by_linear_term"] == pytest.approx(0.0, abs=1e-12)
    assert defects["jacobian is gradient"].shown_by["largest_difference"] == pytest.approx(0.0, abs=1e-12)


def test_the_identity_misses_the_diagonal(defects):
    shown = defects["misplaced identity"].shown_by
    assert shown == {"axes": 4, "entries_changed": 1000, "diagonal_entries_changed": 10}


def test_the_product_is_no_product_of_matrix_and_vector(defects):
    shown = defects["elementwise product"].shown_by
    assert (shown["parameters"], shown["printed_entries"]) == (3, 9)
    assert shown["formula_distance_to_minimum"] == 0.0
    assert shown["printed_distance_to_minimum"] > 1


def test_the_loss_depends_on_the_numbering_and_cross_entropy_does_not(defects):
    shown = defects["index regression"].shown_by
    assert shown["largest_best_loss"] > 1.3 * shown["smallest_best_loss"]
    assert shown["cross_entropy_change"] < 1e-12


def test_a_perfect_prediction_is_charged_twice_the_variance(defects):
    shown = defects["silent broadcast"].shown_by
    labels = torch.arange(10.0).double()
    assert shown["differences_taken"] == shown["utterances"] ** 2
    assert shown["loss_of_perfect_prediction"] == pytest.approx(2 * float(labels.var(correction=0)), rel=0.05)


def test_the_update_is_never_called(defects):
    shown = defects["update never called"].shown_by
    assert shown == {"calls_of_update_parameters": 0, "calls_of_loss_function": 1}


def test_the_same_reading_finds_a_sound_loop_sound():
    sound = "def train(a, n):\n  for _ in range(n):\n    H = f()\n    step(a, H)\n"
    use = name_use(sound, "train")
    assert use.loops == 1
    assert {"a", "H", "n"} <= use.read
    assert use.called.count("step") == 1


def test_the_printed_text_itself_reads_neither_alpha_nor_epochs():
    use = name_use(PRINTED, "train_model")
    assert {"alpha", "epochs", "H_tilde"} <= use.bound
    assert not {"alpha", "epochs", "H_tilde"} & use.read
    assert "lambda_" in use.read


def test_the_printed_definition_is_what_is_executed():
    evaluate = printed_function("evaluate_model")
    assert evaluate.__code__.co_names == ("model", "tf", "reduce_mean", "square")
    with pytest.raises(ValueError, match="function must be defined by the program, got 'fit'"):
        printed_function("fit")


def test_a_difference_of_one_bit_is_seen():
    theta = run_printed()
    moved = theta.clone()
    moved[0] = torch.nextafter(moved[0], torch.tensor(9.0, dtype=torch.float64))
    assert largest_difference(theta, moved) > 0.0


def test_another_kind_of_error_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        message_of(NameError, lambda: 1 / 0)
    assert message_of(NameError, lambda: 1) == ""


def test_a_defect_must_show_numbers_unless_it_was_only_read():
    fields = {"name": "n", "line": 6, "says": "s", "does": "d", "mended": "m"}
    with pytest.raises(ValueError, match="shown_by must be empty for 'read' alone, got 'run'"):
        Defect(**fields, how="run")
    with pytest.raises(ValueError, match="shown_by must be empty for 'read' alone, got 'read'"):
        Defect(**fields, how="read", shown_by={"x": 1.0})
    assert Defect(**fields, how="read").printed.startswith("return tf.reduce_mean")
