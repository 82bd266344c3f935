import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import length_mask


@settings(deadline=None)
@given(lengths=st.lists(st.integers(0, 12), max_size=6), extra=st.integers(0, 3))
def test_mask_is_true_for_the_first_positions_of_each_row(lengths, extra):
    size = max(lengths, default=0) + extra
    mask = length_mask(torch.tensor(lengths, dtype=torch.int64), size)
    assert mask.tolist() == [[position < length for position in range(size)] for length in lengths]


def test_a_single_utterance_has_a_scalar_length():
    assert length_mask(torch.tensor(2), 3).tolist() == [True, True, False]
