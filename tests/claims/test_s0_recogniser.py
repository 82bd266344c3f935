"""Claims 0.9 and 0.19: what a recogniser reads, and what a renumbering changes."""

import numpy as np

from hnrc_lib.claims.subjects import speech_features
from hnrc_lib.experiments.record import load_record


def test_the_chain_reads_and_its_record_is_that_of_people(measured):
    numbers = measured("0.9").numbers
    assert numbers["words"] == 160
    assert numbers["whole"] >= numbers["without_hidden"] > 0.9
    assert numbers["people"] * numbers["takes_of_people"] == load_record("fsdd_cnn").scalars["num_correct"]


def test_the_best_loss_on_an_index_is_its_residual_variance(measured):
    """The first numbering is the digits themselves: numpy's least squares must find a loss in the range."""
    features, labels = (part.numpy() for part in speech_features())
    design = np.column_stack([features, np.ones(len(features))])
    residual = labels - design @ np.linalg.pinv(design) @ labels
    numbers = measured("0.19").numbers
    assert numbers["smallest_best_loss"] <= np.square(residual).mean() + 1e-9
    assert np.square(residual).mean() <= numbers["largest_best_loss"] + 1e-9
    assert numbers["largest_best_loss"] > 1.5 * numbers["smallest_best_loss"]
    assert numbers["cross_entropy_change"] < 1e-12
