"""Claim 1.8: whether the linear regression that S1 prints runs, and what it ends at."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict
from hnrc_lib.claims.s1_program import REPAIRS, Rung, regression

NOWHERE = 1e9


def regression_as_printed() -> Numbers:
    """How far from least squares the printed program ends, and each of its repaired versions.

    A version that raises an error has no θ; its distance counts as 10⁹. "As printed" leaves out the import
    of TensorFlow, which the program does not use and this library does not have.
    """
    rungs = [regression(count) for count in range(1, len(REPAIRS) + 1)]
    at_once = regression(len(REPAIRS), num_steps=1)
    return {
        "num_repairs": len(REPAIRS) - 1,
        "num_errors": sum(bool(rung.message) for rung in rungs),
        "printed_raises": int(bool(rungs[0].message)),
        "printed_line": rungs[0].line or 0,
        "printed_distance": _distance(rungs[0]),
        "wrong_sign_distance": _distance(rungs[2]),
        "slow_distance": _distance(rungs[3]),
        "mended_distance": _distance(at_once),
        "slope": at_once.theta[0] if at_once.theta else 0.0,
        "intercept": at_once.theta[1] if at_once.theta else 0.0,
    }


def judge_regression(numbers: Numbers) -> Verdict:
    """Holds iff the printed program ends within 10⁻³ of least squares."""
    ran = numbers["printed_raises"] == 0 and numbers["printed_distance"] < 1e-3
    return HOLDS if ran else FAILS


def _distance(rung: Rung) -> float:
    return rung.distance if not rung.message else NOWHERE


CLAIMS = (
    Claim(
        id="1.8",
        source="S1",
        section="§4",
        quote=(
            "接着，我们使用次梯度取值算法进行参数更新，直到达到指定的迭代次数。最后，我们打印出最终的参数值。"
        ),
        translation=(
            "Next we update the parameters by the second-order algorithm until the given number of "
            "iterations is reached. Finally we print the resulting parameters."
        ),
        predicate=(
            "Holds iff the printed program, without its unused import of TensorFlow, runs to its end and "
            "prints a θ within 10⁻³ of the least squares solution; otherwise fails."
        ),
        evidence=regression_as_printed,
        judge=judge_regression,
        sentences={
            "holds": (
                "The printed program ended {printed_distance:.1e} from the least squares solution; with "
                "its lines mended, one step ended {mended_distance:.1e} from it."
            ),
            "fails": (
                "Without its unused import the printed program stopped with an error in line "
                "{printed_line:.0f}. It takes {num_repairs:.0f} more repairs. After two of them it runs "
                "and climbs to a distance of {wrong_sign_distance:.0f} from least squares; after three it "
                "ends {slow_distance:.0e} away; after all, one step gives {slope:.3f} x + "
                "{intercept:.3f}, {mended_distance:.0e} away."
            ),
        },
        lead="Wrong shapes, wrong sign, singular, no intercept column.",
    ),
)
