"""Writing the twins, finding stale ones, and the command."""

import json
from pathlib import Path

import pytest

from hnrc_lib.book.twins.__main__ import main
from hnrc_lib.book.twins.sync import stale_twins, write_twins
from twins.sample import CELL, write_book

TWIN = Path("notebooks/one.ipynb")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HNRC_REPOSITORY_URL", raising=False)
    return write_book(tmp_path, {"index": "# Index", "chapters/one": f"# One\n\n[i](../index.md)\n\n{CELL}"})


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


class TestWriting:
    def test_only_pages_with_code_have_twins(self, root: Path) -> None:
        assert write_twins(root) == [root / TWIN]
        assert [path.relative_to(root) for path in root.rglob("*.ipynb")] == [TWIN]

    def test_what_is_in_step_is_left_alone(self, root: Path) -> None:
        write_twins(root)
        before = (root / TWIN).stat().st_mtime_ns
        assert write_twins(root) == []
        assert (root / TWIN).stat().st_mtime_ns == before

    def test_the_twin_of_a_page_that_is_gone_goes_too(self, root: Path) -> None:
        write_twins(root)
        (root / TWIN).rename(root / "notebooks" / "old.ipynb")
        assert write_twins(root) == [root / "notebooks" / "old.ipynb", root / TWIN]
        assert not (root / "notebooks" / "old.ipynb").exists()

    def test_the_address_can_be_given(self, root: Path) -> None:
        write_twins(root, address="https://github.com/real/home")
        text = (root / TWIN).read_text("utf-8")
        assert "git+https://github.com/real/home@main" in text
        assert "https://github.com/real/home/blob/main/index.md" in text
        assert "someone" not in text

    def test_it_comes_from_the_environment_of_a_publishing_run(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HNRC_REPOSITORY_URL", "https://github.com/real/home")
        write_twins(root)
        assert "git+https://github.com/real/home@main" in (root / TWIN).read_text("utf-8")

    def test_a_bad_address_is_refused(self, root: Path) -> None:
        with pytest.raises(
            ValueError, match=r"address must be like https://github\.com/owner/name, got 'home'"
        ):
            write_twins(root, address="home")


class TestStale:
    def test_fresh_twins_are_not(self, root: Path) -> None:
        write_twins(root)
        assert stale_twins(root) == []

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("chapters/one.md", "[i]", "[j]"),
            ("chapters/one.md", "1 + 1", "1 + 2"),
            ("_config.yml", "A Book", "Another Book"),
            ("pyproject.toml", "1.2.3", "1.2.4"),
            ("notebooks/one.ipynb", "1 + 1", "2 + 1"),
        ],
    )
    def test_a_change_makes_it_so(self, root: Path, file: str, old: str, new: str) -> None:
        write_twins(root)
        change(root / file, old, new)
        assert stale_twins(root) == [root / TWIN]

    def test_the_address_is_not_compared(self, root: Path) -> None:
        write_twins(root)
        change(root / "_config.yml", "someone/a-book", "real/home")
        assert stale_twins(root) == []
        write_twins(root, address="")
        assert stale_twins(root) == []

    def test_a_missing_twin_is(self, root: Path) -> None:
        assert stale_twins(root) == [root / TWIN]

    def test_a_twin_without_page_is(self, root: Path) -> None:
        write_twins(root)
        extra = root / "notebooks" / "extra.ipynb"
        extra.write_text(json.dumps({"metadata": {}}), "utf-8")
        assert stale_twins(root) == [extra]

    def test_a_broken_file_is(self, root: Path) -> None:
        write_twins(root)
        (root / TWIN).write_text("no notebook", "utf-8")
        assert stale_twins(root) == [root / TWIN]


class TestCommand:
    def test_it_writes_then_checks(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--book", str(root), "--check"]) == 1
        assert "stale: notebooks/one.ipynb" in (said := capsys.readouterr().err)
        assert "run: make notebooks" in said
        assert main(["--book", str(root)]) == 0
        assert "wrote notebooks/one.ipynb" in capsys.readouterr().out
        assert main(["--book", str(root), "--check"]) == 0
        assert main(["--book", str(root)]) == 0
        assert "in step" in capsys.readouterr().out

    def test_it_takes_an_address(self, root: Path) -> None:
        assert main(["--book", str(root), "--address", "https://github.com/real/home"]) == 0
        assert "real/home" in (root / TWIN).read_text("utf-8")
        assert main(["--book", str(root), "--check"]) == 0

    def test_an_unknown_directive_fails_with_file_and_line(
        self, root: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        change(root / "chapters/one.md", "[i]", ":::{frobnicate}\n:::\n[i]")
        assert main(["--book", str(root)]) == 1
        assert "error: chapters/one.md:14: directive must be among" in capsys.readouterr().err
        assert not (root / TWIN).exists()

    def test_a_folder_without_book_fails(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--book", str(tmp_path)]) == 1
        assert "root must hold _config.yml" in capsys.readouterr().err

    def test_check_takes_no_address(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--book", str(root), "--check", "--address", "https://github.com/real/home"])
        assert "--address must stand without --check" in capsys.readouterr().err
