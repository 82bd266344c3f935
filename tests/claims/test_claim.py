"""The frame of the ledger: verdicts, claims, and what may not pass for evidence."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Verdict, holds_if


def larger(numbers):
    return HOLDS if numbers["x"] > numbers["y"] else FAILS


FIELDS = {
    "id": "0.4",
    "source": "S0",
    "section": "§3",
    "quote": "使其逆秩为1",
    "translation": "so that its inverse has rank 1",
    "predicate": "Holds iff x > y.",
    "evidence": lambda: {"x": 2, "y": 1.0},
    "judge": larger,
    "sentences": {"holds": "{x:.0f} exceeds {y:.0f}.", "fails": "{x:.0f} does not exceed {y:.0f}."},
    "lead": "expected to hold",
}


def make(**changes):
    return Claim(**FIELDS | changes)


def test_run_measures_judges_and_fills():
    evidence = make().run()
    assert (evidence.claim_id, evidence.verdict, evidence.sentence) == ("0.4", "holds", "2 exceeds 1.")
    assert evidence.numbers == {"x": 2.0, "y": 1.0}
    assert all(type(value) is float for value in evidence.numbers.values())
    assert 0 <= evidence.seconds < 1


def test_seconds_are_those_of_the_measurement():
    import time

    assert 0.05 < make(evidence=lambda: time.sleep(0.05) or {"x": 2, "y": 1}).run().seconds < 5


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_verdict_follows_from_the_numbers_alone(x, y):
    evidence = make(evidence=lambda: {"x": 9, "y": 0}).conclude({"x": x, "y": y})
    assert evidence.verdict == ("holds" if x > y else "fails")
    assert ("does not" in evidence.sentence) == (x <= y)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_no_evidence(value):
    with pytest.raises(ValueError, match=r"numbers of claim 0\.4 must be finite, got \{'x'"):
        make().conclude({"x": value, "y": 0.0})


def test_a_verdict_without_sentence_is_an_error():
    with pytest.raises(KeyError, match="no sentence for the verdict 'fails'"):
        make(sentences={"holds": "yes"}).conclude({"x": 0, "y": 1})


def test_a_sentence_that_asks_for_an_absent_number_is_an_error():
    with pytest.raises(KeyError, match="z"):
        make(sentences={"holds": "{z}"}).conclude({"x": 2, "y": 1})


def test_evidence_becomes_json_with_the_verdict_as_text():
    row = json.loads(json.dumps(dataclasses.asdict(make().run())))
    assert row["verdict"] == "holds"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "4"}, "id must be DOCUMENT.NUMBER such as '0.4', got '4'"),
        ({"id": "0.04"}, "id must be DOCUMENT.NUMBER"),
        ({"source": "S1"}, "source of claim 0.4 must be S0, got 'S1'"),
        ({"quote": "rank one"}, "quote of claim 0.4 must be the Chinese original, got 'rank one'"),
        ({"translation": ""}, "translation of claim 0.4 must not be empty"),
        ({"sentences": {}}, "sentences of claim 0.4 must not be empty"),
        ({"predicate": ""}, "predicate of claim 0.4 must not be empty"),
    ],
)
def test_a_claim_must_be_complete(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_a_claim_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().judge = lambda numbers: HOLDS  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "true", "holds if", "holds if ", "Holds", "holds sometimes"])
def test_there_are_three_verdicts(text):
    with pytest.raises(ValueError, match="verdict must be 'holds', 'fails' or 'holds if CONDITION'"):
        Verdict(text)


def test_a_verdict_knows_its_kind_and_condition():
    assert [v.kind for v in (HOLDS, FAILS, holds_if("n = 1"))] == ["holds", "fails", "holds if"]
    assert (HOLDS.condition, holds_if("n = 1").condition) == ("", "n = 1")
    assert f"{holds_if('n = 1')}" == "holds if n = 1"
