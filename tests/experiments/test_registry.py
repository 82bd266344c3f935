import dataclasses
import inspect
from importlib import import_module

import pytest

from hnrc_lib.experiments import EXPERIMENTS, run_experiment
from hnrc_lib.experiments.record import record_names

NAMES = [
    "an4_ctc",
    "an4_hybrid",
    "compression",
    "connected_digits",
    "decay_grid",
    "digit_weights",
    "digits_hybrid",
    "edge_of_stability",
    "factorial",
    "fsdd_cnn",
    "fsdd_hessian",
    "fsdd_landscape",
    "fsdd_speakers",
    "fsdd_spectra",
    "gradient_smoothness",
    "landscape_depth",
    "landscape_runs",
    "optimisers",
    "parallel_products",
    "recurrent_memory",
    "richer_curvature",
    "sweep",
    "trellis",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_runs_from_a_frozen_configuration_that_has_defaults(name):
    config, run = EXPERIMENTS[name]
    assert name == import_module(f"hnrc_lib.experiments.{name}").NAME
    made = config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.seed = 1
    assert "data_dir" in inspect.signature(run).parameters


def test_an_unknown_experiment_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r"name must be one of \['an4_ctc', .*\], got 'mnist'"):
        run_experiment("mnist")


def test_an_unknown_field_is_refused():
    with pytest.raises(TypeError, match="learnig_rate"):
        run_experiment("fsdd_cnn", learnig_rate=0.1)


def test_a_missing_corpus_is_an_error_that_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no fsdd/recordings"):
        run_experiment("fsdd_cnn", data_dir=tmp_path)


def test_the_names_are_those_of_all_records_that_ship():
    assert list(EXPERIMENTS) == NAMES
    assert set(record_names()) <= set(NAMES)
