import dataclasses

import pytest

from hnrc_lib.book.claim_boxes import claim_box, claim_html, defect_list
from hnrc_lib.claims import LEDGER, Evidence, diagnose


def evidence_of(claim, verdict="fails", sentence="It was 3 < 4 & more.") -> Evidence:
    made = claim.conclude(claim.evidence())
    return dataclasses.replace(made, verdict=type(made.verdict)(verdict), sentence=sentence)


def test_a_box_shows_quotation_test_and_verdict_in_words():
    claim = LEDGER["0.6"]
    page = claim_html(claim, evidence_of(claim))
    assert 'lang="zh"' in page
    assert "<strong>fails</strong>" in page
    assert 'class="hnrc-claim hnrc-fails"' in page
    assert "It was 3 &lt; 4 &amp; more." in page


def test_a_displayed_formula_of_the_source_is_set_as_mathematics():
    page = claim_html(LEDGER["0.6"], evidence_of(LEDGER["0.6"]))
    assert r"\(\tilde{H} = H + \lambda I\)" in page
    assert "$$" not in page


def test_the_verdict_shown_is_that_of_the_run(capsys):
    claim_box("0.6")
    assert "Claim 0.6: holds if" in capsys.readouterr().out


def test_an_unknown_claim_is_refused_by_name():
    with pytest.raises(KeyError, match=r"identifiers must be among .*got '9\.9'"):
        claim_box("9.9")


def test_every_defect_is_listed_and_says_how_it_is_known(monkeypatch):
    shown = {}
    monkeypatch.setattr("hnrc_lib.book.claim_boxes.display", lambda data, raw: shown.update(data))
    defects = diagnose()
    defect_list(defects)
    assert shown["text/html"].count("<dd>") == len(defects)
    assert shown["text/html"].count("<dt>") == len({d.line for d in defects})
    assert shown["text/html"].count("read, not run") == sum(d.how == "read" for d in defects)
