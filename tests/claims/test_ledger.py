"""Every row of the ledger: complete, measured, and reversed by contrary numbers."""

import re

import pytest

from hnrc_lib.claims import LEDGER
from hnrc_lib.claims.ledger import ledger
from tests.claims.expected import CONTRARY, VERDICTS


def test_every_claim_is_judged_here():
    assert set(VERDICTS) == set(CONTRARY) == set(LEDGER)


def test_ids_are_sorted_by_number():
    assert list(LEDGER) == sorted(LEDGER, key=lambda identifier: tuple(map(int, identifier.split("."))))
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
