import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.training.sweep_space import Range, grid_points, parse_grid, parse_range, random_point


@given(
    low=st.integers(1, 50),
    more=st.integers(1, 50),
    log=st.booleans(),
    integer=st.booleans(),
    u=st.floats(0, 1),
)
def test_a_number_drawn_lies_within(low, more, log, integer, u):
    bounds = Range(low, low + more, log, integer)
    value = bounds.draw(u)
    assert low <= value <= low + more
    assert isinstance(value, int if integer else float)


def test_ends_middle_and_scale():
    assert [Range(2, 4).draw(u) for u in (0, 0.5, 1)] == [2, 3, 4]
    assert Range(0.01, 100, log=True).draw(0.5) == pytest.approx(1)
    assert Range(0.01, 100, log=True).draw(0.25) == pytest.approx(math.sqrt(1 * 0.01))
    assert [Range(1, 3, integer=True).draw((2 * i + 1) / 6) for i in range(3)] == [1, 2, 3]


def test_whole_numbers_are_alike_likely():
    counts = [0, 0, 0]
    for index in range(3000):
        counts[random_point({"k": Range(0, 2, integer=True)}, 5, index)["k"]] += 1
    assert min(counts) > 900


def test_the_grid_is_every_combination():
    points = grid_points({"a": (1, 2, 3), "b": ("x", "y")})
    assert len(points) == 6
    assert {(p["a"], p["b"]) for p in points} == {(a, b) for a in (1, 2, 3) for b in "xy"}


def test_random_points_depend_on_seed_and_index_alone():
    space = {"a": Range(0, 1), "b": tuple(range(100))}
    points = [random_point(space, seed, index) for seed in (0, 1) for index in range(20)]
    assert points == [random_point(space, seed, index) for seed in (0, 1) for index in range(20)]
    assert len({point["a"] for point in points}) == 40


def test_command_line_forms():
    assert parse_grid("model.hidden_size= 8, 16") == ("model.hidden_size", ("8", "16"))
    assert parse_range("a=-1:1.5") == ("a", Range(-1, 1.5))
    assert parse_range("a=1:64:log") == ("a", Range(1, 64, log=True, integer=True))


@pytest.mark.parametrize("text", ["a", "a=", "=1,2", "a=1,1"])
def test_a_grid_of_another_form_is_refused(text):
    with pytest.raises(ValueError, match="grid must be key=v1,v2"):
        parse_grid(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=1", "range must be key=low:high"),
        ("a=1:2:lin", "range must be key=low:high"),
        ("a=x:2", "range must have numbers as bounds, got 'a=x:2'"),
        ("a=2:1", "from a smaller to a larger number"),
        ("a=0:1:log", "low must be positive on a logarithmic range"),
    ],
)
def test_a_range_of_another_form_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_range(text)


def test_what_cannot_be_counted_or_is_empty_is_refused():
    with pytest.raises(ValueError, match="trials must be given, as a is a range"):
        grid_points({"a": Range(0, 1)})
    with pytest.raises(ValueError, match="at least one key"):
        grid_points({})
