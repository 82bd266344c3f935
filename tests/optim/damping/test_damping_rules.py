import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.optim.damping import (
    ConstantDamping,
    DampingRule,
    ExponentialDecay,
    LevenbergMarquardt,
    Nielsen,
    ScheduledDamping,
    make_damping,
)
from hnrc_lib.optim.step_info import StepInfo

NOT_FINITE = [
    StepInfo(1.0),
    StepInfo(1.0, predicted_reduction=1.0),
    StepInfo(1.0, predicted_reduction=1.0, actual_reduction=-math.inf),
    StepInfo(1.0, predicted_reduction=1.0, actual_reduction=math.inf),
    StepInfo(1.0, predicted_reduction=-1.0, actual_reduction=1.0),
    StepInfo(1.0, predicted_reduction=math.nan, actual_reduction=1.0),
]


def step_of(gain):
    return StepInfo(1.0, predicted_reduction=2.0, actual_reduction=2.0 * gain)


def test_a_constant_ignores_the_step_and_keeps_what_others_set():
    rule = ConstantDamping(0.3)
    assert rule.initial() == 0.3
    assert rule.update(0.7, step_of(-1.0), 5) == 0.7
    assert not rule.needs_gain


def test_decay_is_geometric_and_ends_where_it_should():
    rule = ExponentialDecay(8.0, 1.0, 3)
    values = [rule.initial(), *(rule.update(math.nan, step_of(0.0), k) for k in (1, 2, 3, 4))]
    assert values == pytest.approx([8.0, 4.0, 2.0, 1.0, 1.0])
    assert values[3] == values[4] == 1.0
    growing = ExponentialDecay(1.0, 4.0, 2)
    assert growing.update(1.0, step_of(0.0), 1) == pytest.approx(2.0)


def test_any_function_of_the_step_count_serves_under_its_name():
    rule = ScheduledDamping("halved", lambda k: 2.0**-k)
    assert [rule.initial(), rule.update(9.0, step_of(1.0), 3)] == [1.0, 0.125]
    assert rule == ScheduledDamping("halved", lambda k: 7.0)
    assert rule != ScheduledDamping("other", rule.schedule)
    assert repr(rule) == "ScheduledDamping(name='halved')"


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_a_schedule_that_gives_no_damping_is_named(value):
    rule = ScheduledDamping("wild", lambda k: value if k else 1.0)
    assert rule.initial() == 1.0
    with pytest.raises(ValueError, match=r"schedule 'wild' must give .* got .* at step 2"):
        rule.update(1.0, step_of(1.0), 2)


@pytest.mark.parametrize(
    ("gain", "expected"),
    [(-3.0, 4.0), (0.2, 4.0), (0.25, 2.0), (0.5, 2.0), (0.75, 2.0), (0.8, 1.0), (5.0, 1.0)],
)
def test_levenberg_marquardt_moves_by_its_factor_outside_of_the_thresholds(gain, expected):
    assert LevenbergMarquardt(1.0, factor=2.0).update(2.0, step_of(gain), 1) == expected


def test_martens_factor_is_the_usual_one():
    assert LevenbergMarquardt(1.0).update(2.0, step_of(1.0), 1) == 2.0 / 1.5
    assert LevenbergMarquardt(1.0).update(2.0, step_of(0.0), 1) == 3.0


@pytest.mark.parametrize(
    "rule", [LevenbergMarquardt(1.0, minimum=0.5, maximum=2.5), Nielsen(1.0, 2.0, 3.0, 0.5, 2.5)]
)
def test_the_bounds_hold(rule):
    assert rule.update(2.4, step_of(-1.0), 1) == 2.5
    assert rule.update(0.51, step_of(1.0), 1) == 0.5
    assert rule.update(100.0, step_of(0.5), 1) == 2.5
    assert rule.update(0.0, step_of(0.0), 1) == 0.5  # from 0 no factor leads up


@pytest.mark.parametrize("info", NOT_FINITE)
@pytest.mark.parametrize("rule", [LevenbergMarquardt(1.0), Nielsen(1.0)])
def test_a_gain_that_is_no_number_raises_the_damping(rule, info):
    assert rule.update(1.0, info, 1) > 1.0


@given(gain=st.floats(0.001, 3), damping=st.floats(1e-3, 1e3))
def test_nielsens_formula(gain, damping):
    expected = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3)
    assert Nielsen(1.0).update(damping, step_of(gain), 1) == pytest.approx(expected, rel=1e-12)


def test_nielsens_rule_does_not_jump():
    gains = [k / 1000 for k in range(-200, 1500)]
    values = [Nielsen(1.0).update(1.0, step_of(gain), 1) for gain in gains]
    assert max(abs(b - a) for a, b in itertools.pairwise(values)) < 0.01
    assert Nielsen(1.0).update(1.0, step_of(1e200), 1) == pytest.approx(1 / 3)


def test_nielsens_damping_grows_ever_faster_until_a_step_succeeds():
    memory: dict[str, float] = {}
    rule, damping, values = Nielsen(1.0), 1.0, []
    for gain in (-1.0, -1.0, math.nan, 0.5, -1.0):
        damping = rule.update(damping, step_of(gain), 1, memory)
        values.append(damping)
    assert values == [2.0, 8.0, 64.0, 64.0, 128.0]
    assert set(map(type, memory.values())) == {float}
    again = [rule.update(1.0, step_of(-1.0), 1) for _ in range(3)]
    assert again == [2.0, 2.0, 2.0]  # without memory every failure is the first
    for _ in range(3000):
        damping = rule.update(damping, step_of(-1.0), 1, memory)
    assert damping == rule.maximum
    assert math.isfinite(memory["nielsen_growth"])


@pytest.mark.parametrize("start", [1e-6, 1e6])
def test_levenberg_marquardt_finds_the_damping_that_a_model_deserves(start):
    """L = |θ| + θ²/2 under a model that sees curvature 1 alone: too small a λ jumps across the corner."""
    theta, rule = 1.0, LevenbergMarquardt(start, factor=3.0)
    damping = rule.initial()
    for step in range(60):
        gradient = math.copysign(1.0, theta) + theta
        move = -gradient / (1 + damping)
        predicted = -(gradient * move + move**2 / 2)
        actual = abs(theta) + theta**2 / 2 - abs(theta + move) - (theta + move) ** 2 / 2
        damping = rule.update(
            damping, StepInfo(0.0, predicted_reduction=predicted, actual_reduction=actual), step
        )
        theta += move if actual > 0 else 0.0
    assert abs(theta) < 1e-3


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (0.1, ConstantDamping(0.1)),
        (2, ConstantDamping(2.0)),
        ("0.1", ConstantDamping(0.1)),
        ("1e-3", ConstantDamping(1e-3)),
        ("constant:0", ConstantDamping(0.0)),
        ("lm:1", LevenbergMarquardt(1.0)),
        ("lm:0.5:10", LevenbergMarquardt(0.5, factor=10.0)),
        ("nielsen:3", Nielsen(3.0)),
        ("decay:1:0.01:500", ExponentialDecay(1.0, 0.01, 500)),
    ],
)
def test_a_rule_from_a_number_or_a_text(spec, expected):
    made = make_damping(spec)
    assert made == expected
    assert type(made.initial()) is float
    assert make_damping(made) is made


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "newton:1",
            r"spec must be a number or one of constant:.*, decay:.*, lm:.*, nielsen:.*, got 'newton:1'",
        ),
        ("", "spec must be a number or one of"),
        ("lm", r"of the form lm:START\[:FACTOR\], got 'lm'"),
        ("lm:1:2:3", r"of the form lm:START\[:FACTOR\], got 'lm:1:2:3'"),
        ("lm:one", "of the form lm:START"),
        ("decay:1:2", "of the form decay:START:END:NUM_STEPS, got 'decay:1:2'"),
        ("decay:1:2:3.5", "of the form decay:START:END:NUM_STEPS"),
        ("-1", "damping must be finite and at least 0, got -1"),
        (math.inf, "damping must be finite and at least 0, got inf"),
        ("lm:0", "start must lie in minimum to maximum, 1e-10 to .*, got 0.0"),
        ("lm:nan", "start must lie in minimum to maximum"),
        ("lm:1:1", "factor must be finite and above 1, got 1.0"),
        ("decay:0:1:5", "start must be positive and finite, got 0.0"),
        ("decay:1:inf:5", "end must be positive and finite, got inf"),
        ("decay:1:1:0", "num_steps must be at least 1, got 0"),
    ],
)
def test_a_spec_that_names_no_rule_is_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        make_damping(spec)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LevenbergMarquardt(1.0, minimum=0.0), "minimum and maximum must satisfy 0 < minimum"),
        (lambda: LevenbergMarquardt(1.0, maximum=math.inf), "minimum and maximum must satisfy"),
        (lambda: LevenbergMarquardt(1.0, lower=0.9), "lower must be at most upper, got 0.9 and 0.75"),
        (lambda: Nielsen(1.0, growth=1.0), "growth must be finite and above 1, got 1.0"),
        (lambda: Nielsen(1.0, shrink=0.5), "shrink must be finite and above 1, got 0.5"),
        (lambda: Nielsen(0.0), "start must lie in minimum to maximum"),
        (lambda: ScheduledDamping("", lambda k: 1.0), "name must not be empty"),
    ],
)
def test_a_rule_that_could_not_work_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_rule_of_ones_own_passes_through():
    class Doubling(DampingRule):
        def initial(self):
            return 1.0

        def update(self, damping, info, step, memory=None):
            return 2.0 * damping

    rule = Doubling()
    assert make_damping(rule) is rule
    assert not rule.needs_gain
