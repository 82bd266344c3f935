"""A recorded run: scalars, arrays and where they came from."""

import dataclasses
import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hnrc_lib.paths import shipped

PACKAGES = ("hnrc-lib", "torch", "numpy", "librosa")


@dataclass(frozen=True)
class Provenance:
    """Everything a reader needs to judge and repeat a recorded run.

    Attributes:
        corpus: name of the speech corpus, for example ``"FSDD v1.0.10, 5 of 6 speakers"``.
        manifest_sha256: SHA-256 of the list of audio files and their own hashes.
        model: the model in words, with its number of parameters.
        versions: package name to version, Python's included.
        device: ``"cpu"`` or the name of the card.
        seed: seed of the random generators.
        commit: commit of the code that ran, ``"-dirty"`` appended when the tree had changes.
        seconds: wall-clock time of the run, in seconds.
        scale: ``"full"``, or ``"reduced"`` when the run was cut to fit the machine; figures print it.
        config: the experiment's frozen configuration.
    """

    corpus: str
    manifest_sha256: str
    model: str
    versions: dict[str, str]
    device: str
    seed: int
    commit: str
    seconds: float
    scale: str
    config: dict[str, Any]

    def __post_init__(self) -> None:
        empty = [f.name for f in dataclasses.fields(self) if getattr(self, f.name) in ("", None)]
        if empty:
            raise ValueError(f"provenance must fill every field, missing {empty}")
        if self.scale not in ("full", "reduced"):
            raise ValueError(f"scale must be 'full' or 'reduced', got {self.scale!r}")


@dataclass(frozen=True)
class Record:
    """Result of one experiment: ``NAME.json`` (scalars, provenance) and ``NAME.npz`` (arrays)."""

    name: str
    provenance: Provenance
    scalars: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def caption(self) -> str:
        """Corpus, model, record and scale in one line, as every recorded figure prints them."""
        where = self.provenance
        scale = "" if where.scale == "full" else " · reduced run"
        return f"{where.corpus} · {where.model} · record {self.name}{scale}"

    def save(self, folder: str | os.PathLike[str] | None = None) -> Path:
        """Write both files beside their final names, then rename, so that no half record is left.

        Args:
            folder: where to; ``data/runs`` of the checkout when left out.

        Returns:
            Path of the JSON file.
        """
        target = Path(folder) if folder is not None else shipped("runs")
        arrays, text = target / f"{self.name}.npz", target / f"{self.name}.json"
        content = {
            "name": self.name,
            "provenance": dataclasses.asdict(self.provenance),
            "scalars": self.scalars,
            "arrays": {key: list(value.shape) for key, value in self.arrays.items()},
        }
        described = json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n"
        target.mkdir(parents=True, exist_ok=True)
        half_arrays, half_text = arrays.with_suffix(".npz.part"), text.with_suffix(".json.part")
        with half_arrays.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **self.arrays)
        half_text.write_text(described, "utf-8")
        half_arrays.replace(arrays)
        half_text.replace(text)
        return text


def load_record(name: str, folder: str | os.PathLike[str] | None = None) -> Record:
    """Read a record that ``Record.save`` wrote; nothing is unpickled.

    Args:
        name: for example ``"fsdd_cnn"``.
        folder: where it lies; the shipped ``data/runs`` when left out.

    Raises:
        FileNotFoundError: no such record; the message lists those that exist.
        ValueError: provenance is incomplete, or the arrays are not those the JSON file lists.
    """
    source = Path(folder) if folder is not None else shipped("runs")
    text = source / f"{name}.json"
    if not text.is_file():
        raise FileNotFoundError(f"no record {name!r} in {source}; there are {record_names(source)}")
    content = json.loads(text.read_text("utf-8"))
    try:
        provenance = Provenance(**content["provenance"])
    except TypeError as error:
        raise ValueError(f"record {name!r} has incomplete provenance: {error}") from error
    with np.load(source / f"{name}.npz", allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    shapes = {key: list(value.shape) for key, value in arrays.items()}
    if shapes != content["arrays"]:
        raise ValueError(f"arrays of record {name!r} must be {content['arrays']}, got {shapes}")
    return Record(content["name"], provenance, content["scalars"], arrays)


def record_names(folder: str | os.PathLike[str] | None = None) -> list[str]:
    """Names of the records in a folder, the shipped ones when it is left out."""
    source = Path(folder) if folder is not None else shipped("runs")
    return sorted(path.stem for path in source.glob("*.json"))


def provenance_here(
    config: Any, *, corpus: str, manifest_sha256: str, model: str, seed: int, seconds: float
) -> Provenance:
    """Provenance of an experiment that this code ran on this machine's CPU.

    Args:
        config: the experiment's frozen configuration, a dataclass; the run is full where nothing in it was
            changed, and reduced elsewhere.
        corpus: as in ``Provenance``, like ``manifest_sha256``, ``model`` and ``seed``.
        seconds: wall-clock time of the run, in seconds; kept to a hundredth.
    """
    return Provenance(
        corpus=corpus,
        manifest_sha256=manifest_sha256,
        model=model,
        versions=environment(),
        device="cpu",
        seed=seed,
        commit=current_commit(),
        seconds=round(seconds, 2),
        scale="full" if config == type(config)() else "reduced",
        config=dataclasses.asdict(config),
    )


def environment() -> dict[str, str]:
    """Versions that go into a record's provenance."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def current_commit() -> str:
    """Commit of the checkout that runs, or ``"wheel VERSION"`` outside one."""
    here = Path(__file__).resolve().parent
    command = ["git", "-C", str(here), "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"wheel {version('hnrc-lib')}"


def _plain(value: Any) -> Any:
    """NumPy scalars, tuples and mappings as JSON has them; a non-finite number is refused."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("scalars of a record must be finite; keep NaN and infinity in its arrays")
    return value
