import numpy as np
import pytest

from hnrc_lib.claims.s1_program import REPAIRS, regression
from hnrc_lib.claims.s1_source import PROGRAM


def test_the_program_is_quoted_to_its_last_line():
    assert len(PROGRAM.text.splitlines()) == 40
    assert PROGRAM.line(19) == "return -2 * np.dot(x, x.T) / len(y)"
    assert PROGRAM.line(37) == "theta = theta - learning_rate * np.dot(inv_hess, grad)"
    assert PROGRAM.line(8) == ""  # room for the intercept


def test_the_import_that_it_does_not_use_is_the_only_word_of_tensorflow():
    assert [number for number in range(1, 41) if "tf" in PROGRAM.line(number)] == [2]


def test_with_one_column_for_two_parameters_the_gradient_fails():
    rung = regression(1)
    assert rung.line == 15
    assert rung.message == "ValueError: shapes (100,1) and (2,1) not aligned: 1 (dim 1) != 2 (dim 0)"


def test_with_an_intercept_a_singular_matrix_stops_it():
    """Whether inverting it raises or gives numbers made of rounding is left to the linear algebra library."""
    rung = regression(2)
    assert rung.line in (34, 37)
    if rung.line == 37:
        assert rung.message == "ValueError: shapes (100,100) and (2,1) not aligned: 100 (dim 1) != 2 (dim 0)"
        assert rung.largest_inverse > 1e12
    else:
        assert "Singular matrix" in rung.message


def test_with_the_right_shape_and_the_wrong_sign_it_climbs():
    rung = regression(3)
    assert rung.message == ""
    assert rung.theta == pytest.approx((-35248.4, -7533.0), rel=1e-4)
    assert rung.loss > 1e8


def test_with_the_sign_mended_each_step_takes_a_hundredth_of_the_error():
    start, after = regression(4, num_steps=1), regression(4, num_steps=101)
    assert after.distance / start.distance == pytest.approx(0.99**100, rel=1e-6)
    assert regression(4).distance < 1e-4


def test_the_full_step_is_exact_at_once():
    rung = regression(5, num_steps=1)
    assert rung.distance < 1e-12
    # The program's data by hand: y = 2x + 1 + uniform noise on [0, 0.1].
    source = np.random.RandomState(0)
    x = source.rand(100, 1)
    y = 2 * x + 1 + source.rand(100, 1) * 0.1
    expected = np.polyfit(x.ravel(), y.ravel(), 1)
    assert rung.theta == pytest.approx(tuple(expected), abs=1e-10)


def test_every_repair_names_a_line_and_changes_it():
    assert len({repair.name for repair in REPAIRS}) == len(REPAIRS) == 5
    assert all(PROGRAM.line(repair.line) != repair.mended.strip() for repair in REPAIRS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_repairs": 6}, "num_repairs must lie in 0 to 5, got 6"),
        ({"num_repairs": 5, "num_steps": 0}, "num_steps must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_run_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        regression(**arguments)
