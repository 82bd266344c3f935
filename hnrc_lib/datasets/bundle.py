"""Pack what a GPU machine without network needs: code, FLAC copies of corpora, wheels."""

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from hnrc_lib.paths import DATA_DIR_VARIABLE, corpora_dir

LIMIT_BYTES = 60 << 20
CORPORA = ("an4", "fsdd", "digits")

# What an image with torch, SciPy, pytest and rich still lacks for training, sweeps and tests marked gpu.
WHEELS = (
    "accelerate", "alembic", "audioread", "beartype", "cffi", "colorlog", "jiwer", "mako", "optuna",
    "platformdirs", "pooch", "pycparser", "rapidfuzz", "safetensors", "soundfile", "soxr", "sqlalchemy",
)  # fmt: skip

# Tracked, but of no use to a training; the digits are packed when they are named.
LEFT_OUT = ("images/", "notebooks/", "data/benchmarks/", "data/models/", "data/digits/")

_GLIBC_MINORS = (17, 24, 27, 28, 31, 34)


def build_bundle(
    output: Path,
    *,
    repository: Path,
    data_dir: Path | None,
    corpora: Sequence[str] = ("an4",),
    wheels: Sequence[str] = WHEELS,
    python: str = "3.12",
    limit_bytes: int = LIMIT_BYTES,
) -> dict[str, int]:
    """Write one tar archive: ``hnrc/`` (tracked files), ``corpora/NAME/`` (FLAC), ``wheels/``.

    Args:
        output: the archive, written beside and renamed.
        repository: a git checkout; its files are taken as they are now.
        data_dir: folder of corpora; needed for ``an4`` and ``fsdd``.
        corpora: of ``CORPORA``; the shipped digits go with the code.
        wheels: packages, at the versions of ``constraints.txt``, without what they need.
        python: version of Python on the other machine (x86-64 Linux).
        limit_bytes: largest archive.

    Returns:
        Part → bytes of its files; ``total`` → bytes of the archive.

    Raises:
        ValueError: an unknown corpus, a recording that is not 16-bit PCM, an archive above the limit.
        FileNotFoundError: a corpus is not there.
        RuntimeError: git or pip failed; their message is in it.
    """
    if unknown := sorted(set(corpora) - set(CORPORA)):
        raise ValueError(f"corpora must be of {CORPORA}, got {unknown}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".gpu-bundle.") as name:
        staging = Path(name)
        _copy_code(repository, staging / "hnrc", with_digits="digits" in corpora)
        for corpus in (one for one in corpora if one != "digits"):
            copy_as_flac(_corpus_folder(data_dir, corpus), staging / "corpora" / corpus)
        if wheels:
            _run(pip_command(wheels, python, staging / "wheels", repository / "constraints.txt"))
        sizes = {
            part: _bytes_of(staging / part)
            for part in ("hnrc", *(f"corpora/{one}" for one in corpora if one != "digits"), "wheels")
        }
        unfinished = staging / "bundle.part"
        _write_tar(unfinished, staging, (staging / "hnrc", staging / "corpora", staging / "wheels"))
        sizes["total"] = unfinished.stat().st_size
        if sizes["total"] > limit_bytes:
            raise ValueError(
                f"the bundle must not exceed {limit_bytes / 2**20:.1f} MiB, got {describe(sizes)}; "
                "name fewer corpora or wheels"
            )
        unfinished.replace(output)
    return sizes


def copy_as_flac(source: Path, destination: Path) -> None:
    """Copy a corpus, its WAV files as FLAC of the same 16-bit samples, each read back and compared.

    Args:
        source: folder of the corpus; hidden files are left out.
        destination: folder to make.

    Raises:
        ValueError: a WAV file that is not 16-bit PCM, which FLAC would not keep as it is.
        soundfile.LibsndfileError: a file that is no audio; the message names it.
    """
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        target = destination / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".wav":
            shutil.copyfile(path, target)
            continue
        with soundfile.SoundFile(path) as file:
            if file.subtype != "PCM_16":
                raise ValueError(f"{str(path)!r} must be 16-bit PCM to be kept exactly, got {file.subtype}")
            samples, rate = file.read(dtype="int16"), file.samplerate
        copy = target.with_suffix(".flac")
        soundfile.write(copy, samples, rate, format="FLAC", subtype="PCM_16", compression_level=1.0)
        again, rate_again = soundfile.read(copy, dtype="int16")
        if rate_again != rate or not np.array_equal(again, samples):
            raise ValueError(f"the FLAC copy of {str(path)!r} differs from it")


def pip_command(wheels: Iterable[str], python: str, folder: Path, constraints: Path) -> list[str]:
    """The command that brings wheels for another Python on x86-64 Linux into a folder.

    >>> command = pip_command(["jiwer"], "3.12", Path("wheels"), Path("constraints.txt"))
    >>> command[-1], command[command.index("--python-version") + 1]
    ('jiwer', '3.12')
    """
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in _GLIBC_MINORS] + ["manylinux2014_x86_64"]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", python),
        *(option for platform in platforms for option in ("--platform", platform)),
        *("--constraint", str(constraints), "--dest", str(folder), *wheels),
    ]


def describe(sizes: dict[str, int]) -> str:
    """Sizes as a reader wants them.

    >>> describe({"hnrc": 1 << 20, "total": 3 << 19})
    '1.5 MiB (hnrc 1.0)'
    """
    parts = ", ".join(f"{part} {size / 2**20:.1f}" for part, size in sizes.items() if part != "total")
    return f"{sizes['total'] / 2**20:.1f} MiB ({parts})"


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m hnrc_lib.datasets.bundle [an4|fsdd|digits …]``, from the root of a checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="*", default=["an4"], help=f"of {', '.join(CORPORA)}")
    parser.add_argument("--output", type=Path, default=Path("dist/gpu-bundle.tar"))
    parser.add_argument("--python", default="3.12", help="version on the other machine")
    parser.add_argument("--wheels", nargs="*", default=WHEELS, metavar="PACKAGE")
    chosen = parser.parse_args(arguments)
    try:
        sizes = build_bundle(
            chosen.output,
            repository=Path.cwd(),
            data_dir=corpora_dir(),
            corpora=chosen.corpora,
            wheels=chosen.wheels,
            python=chosen.python,
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f"gpu-bundle: {error}") from error
    print(f"{chosen.output}: {describe(sizes)}")
    print("there: tar xf gpu-bundle.tar")
    print("       python3 -m pip install --no-index --no-deps --target site wheels/*.whl")
    print(f'       export PYTHONPATH="$PWD/hnrc:$PWD/site" {DATA_DIR_VARIABLE}="$PWD/corpora"')


def _copy_code(repository: Path, folder: Path, *, with_digits: bool) -> None:
    listed = _run(["git", "-C", str(repository), "ls-files", "-z"]).split("\0")
    left_out = tuple(path for path in LEFT_OUT if not (with_digits and path == "data/digits/"))
    for name in listed:
        path = repository / name
        # A tracked file that was deleted and not committed yet is listed too.
        if name and not name.startswith(left_out) and path.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)


def _corpus_folder(data_dir: Path | None, corpus: str) -> Path:
    if data_dir is None or not (data_dir / corpus).is_dir():
        where = f"in {str(data_dir)!r}" if data_dir else f"since {DATA_DIR_VARIABLE} is not set"
        raise FileNotFoundError(
            f"there is no folder {corpus!r} {where}; get it with: hnrc data fetch {corpus}"
        )
    return data_dir / corpus


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} … failed: {done.stderr.strip()}")
    return done.stdout


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write_tar(archive: Path, root: Path, folders: Iterable[Path]) -> None:
    """The folders' files, sorted, without owners and times, so that the same content is the same archive."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(archive, "w") as tar:
        for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
            tar.add(path, path.relative_to(root).as_posix(), filter=plain)


if __name__ == "__main__":
    main()
