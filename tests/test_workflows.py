"""Workflows do nothing that cannot be run here: their steps are make targets, or git's and gh's."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ELSEWHERE = ("git ", "gh ", "test ", ".ci/run", "echo ")


def steps(file):
    jobs = yaml.safe_load(file.read_text("utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def commands(file):
    """Every command of a workflow, continued lines joined."""
    scripts = [step["run"].replace("\\\n", " ") for step in steps(file) if "run" in step]
    return [line.strip() for script in scripts for line in script.splitlines() if line.strip()]


def targets():
    return set(re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_there_are_four():
    assert [file.stem for file in WORKFLOWS] == ["publish", "pull-request", "release", "weekly"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_what_they_run_is_a_make_target(file):
    assert commands(file)
    for command in commands(file):
        if command.startswith("make "):
            assert command.split()[1] in targets(), command
        else:
            assert command.startswith(ELSEWHERE), command


def test_the_published_site_knows_the_address_and_branch_of_its_notebooks():
    publish = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text("utf-8"))
    assert publish["env"] == {
        "HNRC_REPOSITORY_URL": "${{ github.server_url }}/${{ github.repository }}",
        "HNRC_REPOSITORY_BRANCH": "published",
    }
    made = [step.get("run", "") for step in steps(ROOT / ".github" / "workflows" / "publish.yml")]
    order = [name for text in made for name in re.findall(r"make (\w+)", text)]
    assert order == ["published", "book", "links"]
