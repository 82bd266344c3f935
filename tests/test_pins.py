"""constraints.txt, pyproject.toml and environment.yml must name one set of versions."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): pin for name, pin in pins}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def requirements(*extras: str) -> list[Requirement]:
    table = project()
    listed = table["dependencies"] + [
        item for extra in extras for item in table["optional-dependencies"][extra]
    ]
    return [Requirement(item) for item in listed]


def environment_pins() -> dict[str, str]:
    content = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    pip_lines = next(item["pip"] for item in content["dependencies"] if isinstance(item, dict))
    pins = [line.split("==") for line in pip_lines if not line.startswith("--")]
    return {canonicalize_name(name): pin for name, pin in pins}


@pytest.mark.parametrize("requirement", requirements("book", "synthesis", "dev"), ids=str)
def test_every_direct_dependency_is_pinned_inside_its_range(requirement):
    pins = constraints()
    name = canonicalize_name(requirement.name)
    assert name in pins, f"constraints.txt must pin {requirement.name}"
    assert requirement.specifier.contains(Version(pins[name]), prereleases=True)


def test_environment_yml_names_the_same_pins():
    wanted = {canonicalize_name(r.name) for r in requirements("book", "synthesis")}
    assert environment_pins() == {name: constraints()[name] for name in wanted}


def test_environment_python_is_one_the_package_takes():
    content = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python = next(item for item in content["dependencies"] if str(item).startswith("python="))
    assert Requirement(f"python{project()['requires-python']}").specifier.contains(python.split("=")[1])


def test_torch_is_the_version_the_book_was_run_with():
    assert constraints()["torch"] == "2.13.0"
