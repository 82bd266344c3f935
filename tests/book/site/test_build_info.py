"""The status page names what a reader needs to get the same pages."""

import re

import torch

from hnrc_lib.book.site.build_info import build_facts
from hnrc_lib.experiments.record import current_commit
from tests.book.projects import build_project


def test_facts():
    facts = build_facts()
    assert facts["torch"] == torch.__version__
    assert facts["Commit"] == current_commit()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", facts["Built"])


def test_the_directive_makes_a_table(tmp_path):
    built = build_project(tmp_path, {"index.md": "# Title\n\n```{build-info}\n```\n"})
    assert built.warnings == []
    rows = [[cell.get_text() for cell in row.select("td p")] for row in built.page().select("tbody tr")]
    assert ["torch", torch.__version__] in rows
    assert {len(row) for row in rows} == {2}
