"""A recorded figure must show a record that loads, whole, and print what it is."""

import json

import numpy as np
import pytest

from hnrc_lib.book.site.check_figures import check_provenance
from hnrc_lib.book.site.page import read_page
from hnrc_lib.experiments.record import Provenance, Record


@pytest.fixture
def record(tmp_path):
    provenance = Provenance(
        corpus="FSDD, 5 of 6 speakers",
        manifest_sha256="0" * 64,
        model="CNN, 25 000 parameters",
        versions={"torch": "2.13"},
        device="cpu",
        seed=0,
        commit="abc",
        seconds=1.0,
        scale="reduced",
        config={},
    )
    made = Record("some_run", provenance, {}, {"loss": np.zeros(3)})
    made.save(tmp_path)
    return made


def problems(folder, caption, name="some_run"):
    file = folder / "page.html"
    words = f'<span class="hnrc-see">Look.</span>\n<span class="hnrc-source">{caption}</span>'
    figure = f'<figure class="hnrc-figure" data-record="{name}"><figcaption>{words}</figcaption></figure>'
    file.write_text(f'<div class="body">{figure}</div>')
    return list(check_provenance(read_page(file, "page", records=str(folder))))


def test_the_printed_caption_is_accepted(tmp_path, record):
    assert problems(tmp_path, record.caption()) == []


def test_a_missing_caption_is_named(tmp_path, record):
    found = problems(tmp_path, "Some corpus.")
    assert "does not print its caption" in found[0]
    assert record.caption() in found[0]


def test_a_hidden_reduction_is_named(tmp_path, record):
    found = problems(tmp_path, record.caption().replace(" · reduced run", ""))
    assert found[-1].endswith("a reduced run, but does not say so")


def test_an_unknown_record_is_named(tmp_path, record):
    assert "which does not load: no record 'other'" in problems(tmp_path, record.caption(), "other")[0]


@pytest.mark.parametrize("lost", ["device", "commit", "corpus", "scale"])
def test_incomplete_provenance_is_named(tmp_path, record, lost):
    file = tmp_path / "some_run.json"
    content = json.loads(file.read_text())
    del content["provenance"][lost]
    file.write_text(json.dumps(content))
    found = problems(tmp_path, record.caption())
    assert "incomplete provenance" in found[0]
    assert lost in found[0]


def test_changed_arrays_are_named(tmp_path, record):
    np.savez(tmp_path / "some_run.npz", loss=np.zeros(4))
    assert "does not load: arrays of record" in problems(tmp_path, record.caption())[0]
