import pytest

from hnrc_lib.claims.ledger import LEDGER
from hnrc_lib.claims.s2_text import FORMULAS, STEPS, made_in_steps, symbols


def test_the_formula_as_printed_has_two_hessians_and_no_inverse():
    assert symbols(FORMULAS[1]) == {
        "corrected gradient": 1,
        "gradient": 1,
        "Hessian": 2,
        "inverse": 0,
        "element-wise product": 1,
    }


@pytest.mark.parametrize(
    "formula",
    [
        r"\nabla L' = H^{-1} \nabla L",
        r"\nabla L' = H^{ - 1 } \nabla L",
        r"\nabla L' = H^\dagger \nabla L",
        r"\nabla L' = \left(\frac{\partial^2 L}{\partial \theta^2}\right)^{-1} \nabla L",
    ],
)
def test_an_inverse_would_be_found(formula):
    assert symbols(formula)["inverse"] == 1
    assert symbols(formula)["Hessian"] == 1


def test_steps_and_formulas_are_those_that_the_claims_quote():
    assert LEDGER["2.15"].quote in STEPS
    printed = FORMULAS[1].replace(" ", "")
    assert printed in LEDGER["2.4"].quote.replace(" ", "")


def test_each_step_is_read_for_what_it_makes():
    assert made_in_steps() == {"gradient": 2, "Hessian": 3, "inverse": 4, "corrected gradient": 5}
    without = "\n".join(line for line in STEPS.splitlines() if "的逆" not in line)
    assert made_in_steps(without)["inverse"] == 0
