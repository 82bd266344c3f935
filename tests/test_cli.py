"""The commands as a reader types them, in processes of their own."""

import json
import os
import subprocess
import sys

import pytest


def hnrc(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != "HNRC_DATA_DIR"} | environment
    command = [sys.executable, "-m", "hnrc_lib.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=300)


def test_doctor_is_green_without_any_corpus():
    done = hnrc("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["ok"] is True
    found = {check["name"]: check for check in report["checks"]}
    assert found["digits corpus"]["status"] == "ok"
    assert found["records"]["status"] == "ok"
    assert found["FSDD"]["status"] == "optional"
    assert "HNRC_DATA_DIR" in found["FSDD"]["mend"]


def test_doctor_prints_a_table():
    done = hnrc("doctor", COLUMNS="200")
    assert done.returncode == 0
    assert "torch" in done.stdout
    assert "absent, optional" in done.stdout


def test_doctor_names_a_corpora_folder_that_does_not_exist(tmp_path):
    done = hnrc("doctor", "--json", HNRC_DATA_DIR=str(tmp_path / "absent"))
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert found["FSDD"]["status"] == "missing"
    assert "must name an existing folder" in found["FSDD"]["detail"]


@pytest.mark.speech
def test_doctor_says_which_speakers_of_fsdd_are_missing():
    done = hnrc("doctor", "--json", HNRC_DATA_DIR=os.environ["HNRC_DATA_DIR"])
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["FSDD"]["status"] == "ok"
    assert "speakers" in found["FSDD"]["detail"]


def test_claims_prints_verdict_and_numbers():
    done = hnrc("claims", "0.6", "--json")
    (row,) = json.loads(done.stdout)
    assert row["id"] == "0.6"
    assert row["claim"].endswith((".", ":"))
    assert row["verdict"].startswith("holds if")
    assert row["numbers"]
    assert row["seconds"] > 0


def test_a_ledger_is_recorded_whole_or_not_at_all():
    done = hnrc("claims", "0.6", "--record", COLUMNS="200")
    assert done.returncode == 2
    assert "--record" in done.stderr


def test_an_unknown_claim_is_refused_with_those_that_exist():
    done = hnrc("claims", "9.9", COLUMNS="200")
    assert done.returncode == 2
    assert "9.9" in done.stderr
    assert "0.4" in done.stderr


def test_an_unknown_experiment_is_refused_with_those_that_exist():
    done = hnrc("run", "nothing", COLUMNS="200")
    assert done.returncode == 2
    assert "fsdd_cnn" in done.stderr


def test_a_run_without_its_corpus_says_how_to_get_it():
    done = hnrc("run", "fsdd_hessian", COLUMNS="200")
    assert done.returncode == 1
    assert "HNRC_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_synthesis_does_not_write_into_a_folder_that_holds_something(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    done = hnrc("data", "synthesize", "--output", str(tmp_path), COLUMNS="200")
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
