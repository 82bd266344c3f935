"""Claims 0.11, 0.16 and 1.15 against the records, read in another way."""

import numpy as np
import pytest
import torch

from hnrc_lib.claims.s0_tasks import STRINGS, TASKS, WITHOUT_CURVATURE, twenty_words
from hnrc_lib.datasets import load_digits
from hnrc_lib.experiments.record import load_record


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_words_of_two_languages_do_not_share_a_number(split):
    _, words = twenty_words(split)
    corpus = load_digits(split)
    mandarin = torch.tensor([one.language == "cmn" for one in corpus])
    assert torch.equal(words, torch.tensor(corpus.labels) + 10 * mandarin)


def test_what_was_saved_on_strings_is_the_difference_of_the_means(measured):
    scalars, numbers = load_record("optimisers").scalars, measured("0.11").numbers
    curved, plain = (scalars[f"{STRINGS}/{name}/test_error_mean"] for name in WITHOUT_CURVATURE["rank 8"])
    assert numbers["strings_saved"] == pytest.approx(plain - curved, abs=1e-6)
    saved = numbers["bilingual_without"] - numbers["bilingual_with"]
    assert numbers["bilingual_saved"] == pytest.approx(saved)


def test_effects_are_geometric_means_of_the_ratios(measured):
    arrays, numbers = load_record("optimisers").arrays, measured("0.16").numbers
    for index, (curved, plain) in enumerate(WITHOUT_CURVATURE.values(), start=1):
        for task in TASKS:
            ratio = 1.0
            for split in range(5):
                ends = [arrays[f"{task}/{name}/train_loss"][split] for name in (curved, plain)]
                last = [[value for value in row if not np.isnan(value)][-1] for row in ends]
                ratio *= (last[0] / last[1]) ** 0.2
            assert numbers[f"effect_{index}_{task}"] == pytest.approx(ratio)


def test_noise_hurts_more_the_more_there_is(measured):
    errors, numbers = load_record("an4_ctc").arrays["wer_by_snr"], measured("1.15").numbers
    assert list(errors) == sorted(errors)
    assert numbers["clean"] < numbers["least_noisy"] == errors[0] < numbers["noisiest"] == errors[-1]
    assert numbers["known_speakers_low"] < numbers["known_speakers"] < numbers["known_speakers_high"]
