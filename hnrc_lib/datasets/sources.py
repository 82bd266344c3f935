"""Where the corpora are published, and the manifests that say what must arrive."""

import os
from dataclasses import dataclass
from pathlib import Path

from hnrc_lib.datasets.fsdd import TAKES
from hnrc_lib.datasets.manifest import Manifest, hash_folder, read_manifest, write_manifest
from hnrc_lib.paths import shipped


@dataclass(frozen=True)
class Source:
    """A published corpus.

    Attributes:
        name: what it is called on the command line and as a folder.
        title: what people call it.
        version: the tag, commit or number that is fetched.
        base_url: server; another one may serve the same paths.
        path: of the archive on the server.
        strip_top: whether the archive's files lie in one folder that is left out.
        sha256: of the archive; None where the server packs it anew, as GitHub does, so that its hash is
            not stable and the manifest of the files is the check.
        manifest: of the files; None where the hash of the archive is the check.
    """

    name: str
    title: str
    version: str
    base_url: str
    path: str
    strip_top: bool = False
    sha256: str | None = None
    manifest: Path | None = None

    @property
    def url(self) -> str:
        """Address of the archive."""
        return f"{self.base_url}/{self.path}"

    def files(self) -> dict[str, str | None]:
        """Path → SHA-256 or None, from the manifest; empty where there is none."""
        return dict(read_manifest(self.manifest).files) if self.manifest else {}


_AN4_COMMIT = "b567d132f43304e70a2b2eca6077f22255311812"

SOURCES = {
    source.name: source
    for source in (
        Source(
            name="fsdd",
            title="Free Spoken Digit Dataset",
            version="v1.0.10",
            base_url="https://github.com",
            path="Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
            strip_top=True,
            manifest=shipped("manifests", "fsdd.json"),
        ),
        Source(
            name="an4",
            title="AN4",
            version=_AN4_COMMIT,
            base_url="https://github.com",
            path=f"cmusphinx/an4/archive/{_AN4_COMMIT}.tar.gz",
            strip_top=True,
            manifest=shipped("manifests", "an4.json"),
        ),
        Source(
            name="speech-commands",
            title="Speech Commands",
            version="v0.02",
            base_url="http://download.tensorflow.org",
            path="data/speech_commands_v0.02.tar.gz",
            sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        ),
    )
}

_NAME_ONLY = {
    "fsdd": (
        {f"recordings/{label}_theo_{take}.wav" for label in range(10) for take in range(TAKES)}
        | {"README.md"},
        "Hashes of the 500 recordings of speaker theo are unknown: the copy that this manifest was computed "
        "from lacks them, and null stands for their hashes; they are checked by name alone. README.md too: "
        "the copy's is later than the tag's.",
    ),
}


def compute_manifest(source: Source, folder: str | os.PathLike[str]) -> Manifest:
    """Hash a copy of a corpus; what is known by name alone gets None for its hash.

    Args:
        source: the corpus.
        folder: the copy, for example ``HNRC_DATA_DIR/fsdd``.
    """
    unknown, note = _NAME_ONLY.get(source.name, (set(), "Every hash is known."))
    files: dict[str, str | None] = {**hash_folder(Path(folder)), **dict.fromkeys(unknown)}
    return Manifest(source.name, source.version, source.url, note, files)


def write_manifests(data_dir: str | os.PathLike[str]) -> list[Path]:
    """Compute the shipped manifests again from copies in a folder of corpora; the paths written."""
    written = []
    for source in SOURCES.values():
        if source.manifest:
            source.manifest.parent.mkdir(exist_ok=True)
            write_manifest(compute_manifest(source, Path(data_dir) / source.name), source.manifest)
            written.append(source.manifest)
    return written
