import itertools

import pytest
import torch
from tones import WORDS, corpus

from hnrc_lib.audio import FrontEnd
from hnrc_lib.training.hybrid import (
    FrameNetwork,
    NetworkConfig,
    ScaledNetwork,
    any_words,
    decode,
    features_of,
    hybrid_rounds,
    log_priors,
    power_spectra,
    uniform_alignment,
    whole_words,
)
from hnrc_lib.training.hybrid.network_training import masked, stretched, warped

FRONT_END = FrontEnd(sample_rate=8000, n_mels=20)
LEXICON = whole_words(WORDS, num_states=2)
CONFIG = NetworkConfig(num_epochs=6, batch_size=6, frequency_scale=0.03, time_scale=0.1)


def trained(seed=0):
    """Two rounds from an even cut, which realignment has to mend."""
    train = corpus([list(pair) for pair in itertools.product(WORDS, repeat=2)] * 2)
    texts = [one.text.split() for one in train]
    spectra = power_spectra(train, FRONT_END)
    start = [uniform_alignment(LEXICON.linear(text), len(x)) for text, x in zip(texts, spectra, strict=True)]
    network = FrameNetwork(
        20, LEXICON.num_emissions, hidden=24, dilations=(1, 2), generator=torch.Generator().manual_seed(0)
    )
    config = NetworkConfig(num_epochs=10, batch_size=4, frequency_scale=0.03, time_scale=0.1, seed=seed)
    rounds = hybrid_rounds(
        network,
        spectra,
        start,
        lambda stay: [LEXICON.graph(text, stay) for text in texts],
        FRONT_END,
        LEXICON.num_emissions,
        (config, config),
    )
    test = corpus([["up", "level", "down"], ["down"], ["level", "level"]], seed=1000)
    heard = features_of(power_spectra(test, FRONT_END), FRONT_END)
    said = []
    for found in rounds:
        said.append(decode(LEXICON.loop(any_words(3, insertion=0.0), found.stay), found.model, heard))
        last = found
    return said, last


def test_realignment_moves_frames_and_words_are_recognised():
    said, last = trained()
    assert said[-1] == [[0, 2, 1], [1], [2, 2]]
    assert 0.02 < last.moved < 0.8
    assert last.losses[-1] < 0.7 * last.losses[0]


def test_scaled_likelihoods_are_posteriors_over_priors():
    network = FrameNetwork(9, 3, hidden=8, generator=torch.Generator().manual_seed(0))
    features, lengths = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(1)), torch.tensor([5, 3])
    prior = torch.tensor([0.5, 0.3, 0.2])
    found = ScaledNetwork(network, prior.log(), 0.5)(features, lengths)
    expected = network(features, lengths).softmax(-1) / prior.sqrt()
    torch.testing.assert_close(found.exp(), expected.detach())


def test_priors_count_frames_and_are_never_zero():
    priors = log_priors([torch.tensor([0, 0, 2]), torch.tensor([2, 2])], 4).exp()
    assert priors.tolist() == pytest.approx([3 / 9, 1 / 9, 4 / 9, 1 / 9])


def test_alignments_stretch_with_their_utterances():
    found = stretched([torch.tensor([4, 5, 6]), torch.tensor([1])], torch.tensor([5, 2]))
    assert found.tolist() == [[4, 4, 5, 6, 6], [1, 1, -100, -100, -100]]


def test_warps_are_drawn_within_their_limits_for_every_utterance():
    spectra = [torch.rand(100, 129, generator=torch.Generator().manual_seed(0))] * 40
    still = NetworkConfig(frequency_scale=0.0, time_scale=0.0)
    generator = torch.Generator().manual_seed(0)
    features, lengths = warped(spectra, FRONT_END, still, generator)
    assert lengths.tolist() == [100] * 40
    torch.testing.assert_close(features[0], features[1])
    features, lengths = warped(spectra, FRONT_END, CONFIG, generator)
    assert 100 / 1.1 - 1 < int(lengths.min()) < int(lengths.max()) < 100 / 0.9 + 1
    assert len(set(lengths.tolist())) > 5


def test_masks_blank_narrow_stretches_of_bands_alike_in_all_frames_and_slopes():
    features = torch.ones(60, 4, 40)
    found = masked(features, 20, 1, torch.Generator().manual_seed(0))
    blank = found[:, 0, :20] == 0
    assert (found == torch.where(blank, 0.0, 1.0).repeat(1, 2)[:, None]).all()
    assert sorted(set(blank.sum(1).tolist())) == [0, 1, 2, 3]
    for row in blank[blank.any(1)]:
        places = row.nonzero().flatten().tolist()
        assert places == list(range(places[0], places[-1] + 1))
    assert blank.any(0).all()
    assert masked(features, 20, 0, torch.Generator()) is features


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_epochs": 0}, "num_epochs must be positive, got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be positive, got -1.0"),
        ({"frequency_masks": -1}, "frequency_masks must not be negative, got -1"),
        ({"time_scale": 1.0}, "time_scale must lie in 0 … 1, 1 excluded, got 1.0"),
    ],
)
def test_a_bad_number_of_the_network_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**changes)
