"""Claims 4.6 to 4.10, 4.14 and 4.15 against records, librosa's definition and networks that differ."""

import numpy as np
import pytest
import torch

from hnrc_lib.claims.s4_formulas import printed_features
from hnrc_lib.claims.s4_recurrence import equations_apart, recalled
from hnrc_lib.experiments.record import load_record


def test_the_printed_features_are_the_printed_formula():
    d = torch.tensor([[20.0, 0.0], [0.0, 40.0]], dtype=torch.float64)
    below = 10**0.5 + 10.0
    expected = [13 + 0.5 * np.log10((10 + 1) / below), 13 + 0.5 * np.log10((1 + 100) / below)]
    np.testing.assert_allclose(printed_features(d), expected)


def test_the_printed_formula_sees_no_time_and_mfcc_do(measured):
    numbers = measured("4.7").numbers
    assert numbers["printed_change"] < 1e-9 < 1 < numbers["coefficient_change"]
    assert numbers["num_printed"] == 24
    assert numbers["num_coefficients"] == 13 * numbers["num_frames"]


def test_the_third_line_surrounds_the_likelihood(measured):
    numbers = measured("4.8").numbers
    assert numbers["num_paths"] == 81
    assert numbers["third_low"] < numbers["likelihood"] < numbers["third_high"]


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_the_equations_are_torchs(kind):
    assert equations_apart(kind) < 1e-14


def test_training_is_what_recalls(monkeypatch):
    monkeypatch.setattr("hnrc_lib.claims.s4_recurrence.NUM_STEPS", 0)
    assert recalled("rnn", 4) < 0.9


def test_torchs_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    recalled("rnn", 1)
    assert torch.equal(torch.rand(3), expected)


def test_numbers_of_the_records_are_theirs(measured):
    hybrid, sentences = (load_record(name).scalars for name in ("digits_hybrid", "an4_ctc"))
    assert measured("4.6").numbers["accuracy_hybrid"] == hybrid["accuracy_hybrid"]
    assert measured("4.15").numbers["wer_model"] == sentences["wer_beam"]
    compression = load_record("compression").scalars
    share = compression["student_bytes"] / compression["float32_bytes"]
    assert measured("4.14").numbers["student_bytes"] == pytest.approx(share)
