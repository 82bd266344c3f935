"""Archives that are whole, damaged, and hostile."""

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from hnrc_lib.datasets.archive import extract_archive
from hnrc_lib.datasets.errors import FetchError
from tests.datasets.local_server import special, tar_gz

FILES = {"top/a/one.wav": b"one" * 50_000, "top/two.txt": b"two", "top/empty": b""}


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A folder within the test's own, so that a path that leaves it is seen."""
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


def extract(folder: Path, content: bytes, **options) -> dict[str, str]:
    path = folder / "it.tar.gz"
    path.write_bytes(content)
    return extract_archive(path, folder / "out", **options)


def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_files_arrive_with_their_hashes(inside: Path) -> None:
    hashes = extract(inside, tar_gz(FILES))
    assert written(inside / "out") == FILES
    assert hashes == {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}


def test_the_top_folder_is_left_out_and_only_what_is_wanted_is_written(inside: Path) -> None:
    hashes = extract(inside, tar_gz({"./top/x": b"1", **FILES}), strip_top=True, wanted={"a/one.wav", "no"})
    assert written(inside / "out") == {"a/one.wav": FILES["top/a/one.wav"]}
    assert list(hashes) == ["a/one.wav"]


def test_modes_of_the_archive_are_not_taken_over(inside: Path) -> None:
    member = tarfile.TarInfo("tool")
    member.mode = 0o4777
    extract(inside, tar_gz({}, member))
    assert (inside / "out" / "tool").stat().st_mode & 0o6111 == 0


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (tarfile.TarInfo("../evil"), r"'\.\./evil' has a path that leaves the folder"),
        (tarfile.TarInfo("top/../../evil"), r"'top/\.\./\.\./evil' has a path that leaves"),
        (tarfile.TarInfo("top\\..\\evil"), "has a path that leaves"),
        (tarfile.TarInfo("/evil-path"), "./evil-path. has an absolute path"),
        (tarfile.TarInfo("C:/evil"), "'C:/evil' has an absolute path"),
        (special("top/evil", tarfile.SYMTYPE, "/etc/passwd"), "'top/evil' is a link, to '/etc/passwd'"),
        (special("top/evil", tarfile.SYMTYPE, "two.txt"), "'top/evil' is a link, to 'two.txt'"),
        (special("top/evil", tarfile.LNKTYPE, "top/two.txt"), "is a link, to 'top/two.txt'"),
        (special("top/evil", tarfile.CHRTYPE), "is neither a file nor a folder"),
        (special("top/evil", tarfile.BLKTYPE), "is neither a file nor a folder"),
        (special("top/evil", tarfile.FIFOTYPE), "is neither a file nor a folder"),
        (tarfile.TarInfo("top/two.txt"), "'top/two.txt' comes twice"),
    ],
)
@pytest.mark.parametrize("wanted", [None, {"two.txt"}])
def test_a_hostile_member_is_named_and_writes_nothing(
    inside: Path, member: tarfile.TarInfo, reason: str, wanted: set[str] | None
) -> None:
    with pytest.raises(FetchError, match=rf"it\.tar\.gz: member {reason}|it\.tar\.gz: member .* {reason}"):
        extract(inside, tar_gz(FILES, member), strip_top=True, wanted=wanted)
    assert not any(path.name == "evil" for path in inside.parent.rglob("*"))
    assert not os.path.lexists("/evil-path")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 0.99])
def test_a_cut_archive_is_damaged(inside: Path, kept: float) -> None:
    content = tar_gz({"a": os.urandom(50_000), "b": os.urandom(50_000)})
    with pytest.raises(FetchError, match="no tar archive, or truncated or damaged"):
        extract(inside, content[: int(kept * len(content))])


def test_a_page_of_text_is_no_archive(inside: Path) -> None:
    with pytest.raises(FetchError, match=r"it\.tar\.gz is no tar archive"):
        extract(inside, b"<html>" * 1000)
