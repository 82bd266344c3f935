import pytest
import torch

from hnrc_lib.experiments.threads import cpu_threads


def test_the_number_of_threads_is_given_back_even_on_an_exception():
    before = torch.get_num_threads()

    def compute_and_fail():
        with cpu_threads(before + 1):
            assert torch.get_num_threads() == before + 1
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        compute_and_fail()
    assert torch.get_num_threads() == before


def test_no_threads_are_refused():
    with pytest.raises(ValueError, match="count must be positive, got 0"), cpu_threads(0):
        pass
