import pytest

from hnrc_lib.paths import corpora_dir, shipped


def test_shipped_files_lie_below_data():
    assert shipped("runs").is_dir()


def test_argument_wins_over_the_variable(tmp_path, monkeypatch):
    (tmp_path / "named").mkdir()
    monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path))
    assert corpora_dir() == tmp_path
    assert corpora_dir(tmp_path / "named") == tmp_path / "named"


def test_no_name_is_none(monkeypatch):
    monkeypatch.delenv("HNRC_DATA_DIR", raising=False)
    assert corpora_dir() is None


def test_a_folder_that_does_not_exist_is_refused_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("HNRC_DATA_DIR", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match="HNRC_DATA_DIR must name an existing folder"):
        corpora_dir()
    with pytest.raises(FileNotFoundError, match="data_dir must name an existing folder"):
        corpora_dir(tmp_path / "absent")
