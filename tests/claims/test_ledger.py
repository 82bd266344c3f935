"""Every row of the ledger: complete, measured, and reversed by contrary numbers."""

import re

import pytest

from hnrc_lib.claims import LEDGER
from hnrc_lib.claims.ledger import ledger

# What the claims were found to be. A change of verdict is news, to be told in the book.
VERDICTS = {
    "0.4": "fails",
    "0.5": "holds if L is twice continuously differentiable at θ",
    "0.6": "holds if λ > −λ_min(H)",
    "0.7": "holds if λ > −λ_min(H) and α is small enough",
    "0.8": "fails",
    "0.13": "holds if H itself is formed",
    "0.14": "holds",
    "0.15": "holds if the other method is L1",
}

# Numbers put in place of measured ones, and the verdict that must come of them.
CONTRARY = {
    "0.4": [({"smallest_rank": 1, "largest_rank": 1}, "holds"), ({"smallest_rank": 1}, "fails")],
    "0.5": [
        ({"kink_growth": 1.0}, "holds"),
        ({"smooth_error": 1e-3}, "fails"),
        ({"asymmetry": 1e-3}, "fails"),
    ],
    "0.6": [
        ({"smallest_eigenvalue": 0.1, "threshold": -0.1}, "holds"),
        ({"shift_error": 1e-3}, "fails"),
        ({"definite_above": 5}, "fails"),
        ({"definite_below": 1}, "fails"),
    ],
    "0.7": [
        ({"rises_confirmed": 0, "overshoots_above": 0}, "holds"),
        ({"rises_confirmed": 0}, "holds if α is small enough"),
        ({"overshoots_above": 0}, "holds if λ > −λ_min(H)"),
        ({"descents_above": 5}, "fails"),
        ({"reached_above": 5}, "fails"),
        ({"newton_error": 1e-2}, "fails"),
        ({"gradient_error": 1e-2}, "fails"),
    ],
    "0.8": [
        (
            {
                "damping_effect": 0.1,
                "rate_effect": 0.1,
                "epochs_effect": 0.1,
                "printed_moved_by_linear_term": 0.0,
            },
            "holds if its defects are mended",
        ),
        (
            {
                "damping_effect": 0.1,
                "rate_effect": 0.1,
                "epochs_effect": 0.1,
                "printed_moved_by_linear_term": 0.0,
                "num_defects": 0,
            },
            "holds",
        ),
        ({"damping_effect": 0.1, "rate_effect": 0.1, "epochs_effect": 0.1}, "fails"),
        ({"rate_effect": 0.1, "printed_moved_by_linear_term": 0.0}, "fails"),
    ],
    "0.13": [
        ({"hessian_to_product": 2.0}, "holds"),
        ({"hessian_large": 5.0}, "fails"),
        ({"growth_of_hessian": 0.9}, "fails"),
    ],
    "0.14": [({"worst_loss": 1.0, "best_loss": 0.9}, "fails")],
    "0.15": [
        ({"l2_to_damped": 1.0}, "holds"),
        ({"l1_to_plain": 1.0}, "fails"),
        ({"l1_to_plain": 1.0, "l2_to_damped": 1.0}, "fails"),
    ],
}


def test_every_claim_is_judged_here():
    assert set(VERDICTS) == set(CONTRARY) == set(LEDGER)


def test_ids_are_sorted_by_number():
    assert list(LEDGER) == ["0.4", "0.5", "0.6", "0.7", "0.8", "0.13", "0.14", "0.15"]
    assert all(claim.id == identifier for identifier, claim in LEDGER.items())


def test_an_id_may_occur_once():
    with pytest.raises(ValueError, match=r"claim ids must be unique, got 0\.4 twice"):
        ledger([LEDGER["0.4"], LEDGER["0.6"], LEDGER["0.4"]])


@pytest.mark.parametrize("identifier", LEDGER)
def test_the_source_is_quoted_and_translated(identifier):
    claim = LEDGER[identifier]
    assert len(re.findall(r"[\u4e00-\u9fff]", claim.quote)) >= 8
    assert re.match(r"[A-Z].*[.:]$", claim.translation)
    assert not re.search(r"[\u4e00-\u9fff]", claim.translation)
    assert claim.section.startswith("§")


@pytest.mark.parametrize("identifier", LEDGER)
def test_verdict_from_the_measured_numbers(identifier, measured):
    assert measured(identifier).verdict == VERDICTS[identifier]


@pytest.mark.parametrize("identifier", LEDGER)
def test_sentence_is_filled(identifier, measured):
    evidence = measured(identifier)
    assert not re.search(r"[{}]|nan", evidence.sentence)
    assert evidence.sentence.endswith(".")
    assert re.search(r"\d", evidence.sentence)


@pytest.mark.parametrize(
    ("identifier", "changes", "verdict"),
    [(identifier, changes, verdict) for identifier, rows in CONTRARY.items() for changes, verdict in rows],
)
def test_contrary_numbers_reverse_the_verdict(identifier, changes, verdict, measured):
    numbers = measured(identifier).numbers
    assert set(changes) <= set(numbers), "a contrary number must be one that is measured"
    evidence = LEDGER[identifier].conclude(numbers | changes)
    assert evidence.verdict == verdict
    assert not re.search(r"[{}]", evidence.sentence)


@pytest.mark.parametrize("identifier", LEDGER)
def test_each_verdict_can_flip_and_every_sentence_is_used(identifier, measured):
    claim = LEDGER[identifier]
    kinds = {claim.judge(measured(identifier).numbers | changes).kind for changes, _ in CONTRARY[identifier]}
    kinds.add(measured(identifier).verdict.kind)
    assert len(kinds) > 1
    assert kinds == set(claim.sentences)


@pytest.mark.parametrize("identifier", ["0.4", "0.6", "0.15"])
def test_a_second_run_gives_the_same_numbers(identifier, measured):
    again = LEDGER[identifier].run()
    assert again.numbers == pytest.approx(measured(identifier).numbers, rel=1e-6, abs=1e-9)
