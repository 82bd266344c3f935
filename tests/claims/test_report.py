"""The ledger as rows and as JSON."""

import json

import pytest

from hnrc_lib.claims import LEDGER, as_json, ledger_table

COLUMNS = {
    "id",
    "source",
    "section",
    "quote",
    "translation",
    "predicate",
    "revised",
    "lead",
    "verdict",
    "sentence",
    "numbers",
    "seconds",
}


def test_rows_come_in_the_order_of_the_ledger():
    rows = ledger_table(["0.15", "0.6"])
    assert [row["id"] for row in rows] == ["0.6", "0.15"]
    assert all(set(row) == COLUMNS for row in rows)
    assert rows[0]["verdict"] == "holds if λ > −h_min(H)"
    assert rows[0]["quote"] == LEDGER["0.6"].quote


def test_json_keeps_numbers_and_letters():
    rows = ledger_table(["0.6"])
    text = as_json(rows)
    assert json.loads(text) == rows
    assert "修正" in text
    assert "λ" in text


def test_json_refuses_what_is_not_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json([{"numbers": {"x": float("nan")}}])


def test_rows_say_which_tests_were_not_fixed_before_the_run():
    fixed, changed = ledger_table(["0.6", "1.11"])
    assert fixed["revised"] == ""
    assert changed["revised"] == LEDGER["1.11"].revised != ""


def test_an_unknown_claim_is_named():
    with pytest.raises(ValueError, match=r"identifiers must be among \['0.1', .*\], got \['9.9'\]"):
        ledger_table(["0.4", "9.9"])
