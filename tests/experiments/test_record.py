import dataclasses
import json

import numpy as np
import pytest

from hnrc_lib.experiments.record import Provenance, Record, environment, load_record, record_names

FILLED = Provenance(
    corpus="a corpus", manifest_sha256="0" * 64, model="a model, 3 parameters", versions={"python": "3.11"},
    device="cpu", seed=0, commit="abc", seconds=1.5, scale="full", config={"rate": 0.1},
)  # fmt: skip


def record(**changes) -> Record:
    provenance = dataclasses.replace(FILLED, **changes)
    return Record("toy", provenance, {"loss": np.float64(0.25)}, {"curve": np.array([1.0, np.nan, np.inf])})


def test_what_is_saved_is_what_is_loaded(tmp_path):
    saved = record()
    saved.save(tmp_path)
    loaded = load_record("toy", tmp_path)
    assert loaded.provenance == saved.provenance
    assert loaded.scalars == {"loss": 0.25}
    np.testing.assert_array_equal(loaded.arrays["curve"], saved.arrays["curve"])
    assert record_names(tmp_path) == ["toy"]


def test_saving_leaves_no_partial_file_when_it_fails(tmp_path):
    record().save(tmp_path)
    before = (tmp_path / "toy.json").read_bytes()
    broken = Record("toy", FILLED, {"loss": float("nan")}, {})
    with pytest.raises(ValueError, match="must be finite"):
        broken.save(tmp_path)
    assert (tmp_path / "toy.json").read_bytes() == before
    assert load_record("toy", tmp_path).scalars == {"loss": 0.25}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy.json", "toy.npz"]


@pytest.mark.parametrize("field", ["corpus", "manifest_sha256", "model", "device", "commit"])
def test_empty_provenance_is_refused(field):
    with pytest.raises(ValueError, match=field):
        record(**{field: ""})


def test_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="'full' or 'reduced'"):
        record(scale="quick")


def test_provenance_that_lacks_a_field_is_refused(tmp_path):
    path = record().save(tmp_path)
    content = json.loads(path.read_text())
    del content["provenance"]["commit"]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"'toy' has incomplete provenance.*commit"):
        load_record("toy", tmp_path)


def test_arrays_of_another_run_are_refused(tmp_path):
    record().save(tmp_path)
    np.savez_compressed(tmp_path / "toy.npz", curve=np.zeros(7))
    with pytest.raises(ValueError, match=r"must be \{'curve': \[3\]\}, got \{'curve': \[7\]\}"):
        load_record("toy", tmp_path)


def test_pickled_arrays_are_not_loaded(tmp_path):
    record().save(tmp_path)
    np.savez_compressed(tmp_path / "toy.npz", curve=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_record("toy", tmp_path)


def test_a_missing_record_names_those_that_exist(tmp_path):
    record().save(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no record 'other'.*\['toy'\]"):
        load_record("other", tmp_path)


def test_a_reduced_run_says_so_in_its_caption():
    assert "reduced run" in record(scale="reduced").caption()
    assert record().caption() == "a corpus · a model, 3 parameters · record toy"


def test_environment_names_the_versions_that_decide_a_number():
    assert {"python", "hnrc-lib", "torch", "numpy"} <= set(environment())


@pytest.mark.parametrize("name", record_names())
def test_every_shipped_record_loads(name):
    loaded = load_record(name)
    assert loaded.provenance.seconds > 0
    assert loaded.scalars
