import pytest
import torch
from tones import corpus

from hnrc_lib.audio import FrontEnd, compute_deltas
from hnrc_lib.training.hybrid import Cepstra, features_of, power_spectra

FRONT_END = FrontEnd(sample_rate=8000, n_mels=20, variance=False)


@pytest.fixture(scope="module")
def spoken():
    return corpus([["up"], ["down", "level"], ["level"]])


@pytest.mark.parametrize("extractor", [FRONT_END, Cepstra(FRONT_END, n_mfcc=8)])
def test_features_are_those_of_each_utterance_alone(spoken, extractor):
    spectra = power_spectra(spoken, FRONT_END)
    for scale in (None, 1.1):
        together = features_of(spectra, extractor, frequency_scale=scale)
        for one, found in zip(spectra, together, strict=True):
            warp = None if scale is None else torch.tensor([scale])
            alone, frames = extractor.features(one[None], torch.tensor([len(one)]), frequency_scale=warp)
            assert int(frames) == len(found)
            torch.testing.assert_close(found, alone[0], atol=1e-4, rtol=1e-4)


def test_another_vocal_tract_gives_other_features(spoken):
    spectra = power_spectra(spoken, FRONT_END)
    plain, moved = (features_of(spectra, FRONT_END, frequency_scale=scale) for scale in (None, 1.1))
    assert (plain[0] - moved[0]).abs().max() > 0.1


def test_cepstra_are_normalised_and_hold_slopes(spoken):
    found = features_of(power_spectra(spoken, FRONT_END), Cepstra(FRONT_END, n_mfcc=8))[1]
    assert found.shape[1] == 24
    torch.testing.assert_close(found.mean(0), torch.zeros(24), atol=1e-4, rtol=0)
    torch.testing.assert_close(found.var(0, correction=0), torch.ones(24), atol=1e-3, rtol=0)
    slopes = compute_deltas(found[:, :8], width=5, mode="nearest")
    correlation = torch.nn.functional.cosine_similarity(slopes.mT, found[:, 8:16].mT, dim=-1)
    assert correlation.min() > 0.99
