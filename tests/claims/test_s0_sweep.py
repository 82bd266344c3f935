"""Claim 0.14: a sweep with a best λ inside it, and the adapted λ next to it."""


def test_the_best_damping_lies_inside_the_sweep(measured):
    numbers = measured("0.14").numbers
    assert numbers["smallest_damping"] < numbers["best_damping"] < numbers["largest_damping"]
    assert numbers["best_loss"] < numbers["start_loss"]
    assert numbers["best_loss"] <= min(numbers["smallest_damping_loss"], numbers["largest_damping_loss"])


def test_too_much_damping_is_slow_and_too_little_unstable(measured):
    numbers = measured("0.14").numbers
    assert 0.9 * numbers["start_loss"] < numbers["largest_damping_loss"] < numbers["start_loss"]
    assert numbers["smallest_damping_loss"] > numbers["start_loss"]
    assert 1 <= numbers["runs_that_rose"] < numbers["num_dampings"]


def test_the_adapted_damping_forgives_a_bad_start(measured):
    numbers = measured("0.14").numbers
    for end in ("smallest", "largest"):
        assert numbers[f"adapted_loss_from_{end}"] < 0.7 * numbers["start_loss"]
        assert numbers[f"adapted_loss_from_{end}"] < 0.7 * numbers[f"{end}_damping_loss"]
