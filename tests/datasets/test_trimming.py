import pytest
import torch

from hnrc_lib.datasets import Corpus, Utterance, trim_silence

RATE = 8000


def said(samples, name="7"):
    return Utterance(samples, RATE, "ann", "en", "seven", 7, name)


def word(before, after, level=0.3, quiet=1e-3):
    """Noise of 0.25 s, in quieter noise."""
    generator = torch.Generator().manual_seed(0)
    loud = level * torch.randn(2000, generator=generator)
    rest = [quiet * torch.randn(size, generator=generator) for size in (before, after)]
    return torch.cat([rest[0], loud, rest[1]])


@pytest.mark.parametrize(("before", "after"), [(800, 2400), (4000, 0), (0, 4000), (0, 0)])
def test_what_stays_is_the_word_with_a_margin(before, after):
    one = said(word(before, after))
    (found,) = trim_silence(Corpus("one", [one]))
    # The edge of the average reaches a block further; two blocks of margin.
    assert 2000 <= len(found.samples) <= 2000 + 2 * 3 * 80
    assert len(found.samples) <= len(one.samples)
    where = (one.samples == found.samples[0]).nonzero()[0]
    assert torch.equal(one.samples[where : where + len(found.samples)], found.samples)
    assert found.sha256 != one.sha256 or len(found.samples) == len(one.samples)
    assert (found.text, found.label, found.name) == (one.text, one.label, one.name)


def test_silence_between_words_stays_and_loudness_does_not_matter():
    gap = torch.zeros(4000)
    samples = torch.cat([word(1600, 0), gap, word(0, 1600)])
    sizes = {len(trim_silence(Corpus("c", [said(scale * samples)]))[0].samples) for scale in (1.0, 0.01)}
    (size,) = sizes
    assert size >= 8000


def test_a_recording_without_sound_or_of_one_moment_stays_whole():
    both = [said(torch.zeros(4000), "a"), said(torch.ones(50), "b")]
    assert [len(one.samples) for one in trim_silence(Corpus("c", both))] == [4000, 50]


def test_a_range_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="below_db must be positive, got 0"):
        trim_silence(Corpus("c", [said(torch.ones(800))]), below_db=0)
