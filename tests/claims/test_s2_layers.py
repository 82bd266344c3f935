"""Claims 2.3 and 2.12 beside what must be so."""

from hnrc_lib.claims.s2_layers import DEPTHS


def test_softmax_leaves_one_flat_direction_for_every_unit_and_one_more(measured):
    numbers = measured("2.3").numbers
    assert all(numbers[f"null_tanh_{depth}"] == numbers["width"] + 1 for depth in DEPTHS)
    assert all(numbers[f"null_relu_{depth}"] >= numbers["width"] + 1 for depth in DEPTHS)


def test_zero_entries_are_a_matter_of_kinks(measured):
    numbers = measured("2.3").numbers
    zeros = [numbers[f"zeros_relu_{depth}"] for depth in DEPTHS]
    assert zeros == sorted(zeros)
    assert numbers["zeros_tanh_6"] == 0


def test_the_step_loses_digits_and_descent_slows_where_the_gradient_does_not(measured):
    numbers = measured("2.12").numbers
    assert numbers["gradient_error_bad"] < 1e-6
    assert numbers["newton_error_bad"] > 10 * numbers["newton_error_good"]
    assert numbers["loss_good"] < numbers["loss_middle"] < numbers["loss_bad"] < numbers["start_loss"]
