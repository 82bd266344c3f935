"""The recorded ledger is whole and says what the claims say now."""

import json

import pytest

from hnrc_lib.claims import LEDGER
from hnrc_lib.claims.recorded import LEDGER_COMMAND, RecordedLedger, load_ledger, save_ledger

STALE = f"the recorded ledger is stale: run `{LEDGER_COMMAND}`"


@pytest.fixture(scope="module")
def shipped():
    return load_ledger()


def test_every_claim_is_recorded_in_order(shipped):
    assert list(shipped.evidences) == list(LEDGER), STALE


@pytest.mark.parametrize("identifier", LEDGER)
def test_the_recorded_verdict_is_the_one_measured_now(identifier, shipped, measured):
    assert identifier in shipped.evidences, STALE
    recorded, now = shipped.evidences[identifier], measured(identifier)
    assert recorded.verdict == now.verdict, STALE
    assert set(recorded.numbers) == set(now.numbers), STALE


@pytest.mark.parametrize("identifier", LEDGER)
def test_the_recorded_sentence_follows_from_the_recorded_numbers(identifier, shipped):
    assert identifier in shipped.evidences, STALE
    recorded = shipped.evidences[identifier]
    again = LEDGER[identifier].conclude(recorded.numbers, seconds=recorded.seconds)
    assert again == recorded, STALE


def test_what_is_saved_is_read_again(tmp_path):
    evidence = LEDGER["0.6"].conclude(LEDGER["0.6"].evidence(), seconds=0.123)
    path = save_ledger(RecordedLedger({"0.6": evidence}, "abc", {"python": "3"}), tmp_path / "claims.json")
    found = load_ledger(path)
    assert found.commit == "abc"
    assert found.evidences["0.6"].numbers == evidence.numbers
    assert found.evidences["0.6"].verdict.kind == "holds if"
    assert found.seconds == 0.12
    assert "λ" in path.read_text("utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["claims.json"]


def test_no_record_says_what_writes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="`hnrc claims --record` writes it"):
        load_ledger(tmp_path / "claims.json")


def test_a_record_without_origin_is_refused(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps({"claims": [{}], "versions": {"python": "3"}}))
    with pytest.raises(ValueError, match=r"must say where it comes from, missing \['commit'\]"):
        load_ledger(path)
