"""Two processes against one, and the record."""

from dataclasses import replace

import numpy as np
import pytest

from hnrc_lib.experiments import parallel_products
from hnrc_lib.experiments.parallel_products import KINDS, Config
from hnrc_lib.experiments.record import load_record

QUICK = Config(corpus="digits", num_utterances=40, size=8, channels=(2, 2), processes=(1, 2), num_products=1)


def test_two_processes_find_what_one_finds():
    arrays = parallel_products.run(QUICK).arrays
    for kind in KINDS:
        assert arrays[f"{kind}/difference"].max() < 1e-12
        assert arrays[f"{kind}/cpu_seconds"].min() > 0
    np.testing.assert_allclose(arrays["eigenvalues"][1], arrays["eigenvalues"][0], rtol=1e-8)
    assert arrays["agreement"].tolist() == [0, 0]
    assert arrays["eigenvalues"].dtype == np.float64


@pytest.mark.parametrize("processes", [(2,), (1, 3)])
def test_shares_must_be_equal(processes):
    with pytest.raises(ValueError, match="processes must begin with 1 and divide num_utterances, 40, got"):
        parallel_products.run(replace(QUICK, processes=processes))


def test_the_record_says_that_work_is_shared_out_and_nothing_else_changes():
    arrays = load_record(parallel_products.NAME).arrays
    assert arrays["processes"].tolist() == [1, 2, 4]
    for kind in KINDS:
        assert 0 < arrays[f"{kind}/difference"][1:].max() < 1e-12
        seconds = arrays[f"{kind}/cpu_seconds"]
        assert (np.diff(seconds) < 0).all()
