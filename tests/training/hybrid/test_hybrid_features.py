import pytest
import torch
from tones import corpus

from hnrc_lib.audio import FrontEnd, compute_deltas
from hnrc_lib.training.hybrid import Cepstra, features_of
from hnrc_lib.training.resident import ResidentCorpus

FRONT_END = FrontEnd(sample_rate=8000, n_mels=20, variance=False)


@pytest.fixture(scope="module")
def spoken():
    return corpus([["up"], ["down", "level"], ["level"]])


@pytest.mark.parametrize("extractor", [FRONT_END, Cepstra(FRONT_END, n_mfcc=8)])
def test_features_are_those_of_each_utterance_alone(spoken, extractor):
    resident = ResidentCorpus(spoken, FRONT_END)
    for index, (one, same) in enumerate(
        zip(features_of(spoken, extractor), features_of(resident, extractor), strict=True)
    ):
        alone, frames = extractor.features(*resident.spectra(torch.tensor([index])))
        assert int(frames) == len(one)
        torch.testing.assert_close(one, alone[0], atol=1e-4, rtol=1e-4)
        assert torch.equal(one, same)


def test_cepstra_are_normalised_and_hold_slopes(spoken):
    found = features_of(spoken, Cepstra(FRONT_END, n_mfcc=8))[1]
    assert found.shape[1] == 24
    torch.testing.assert_close(found.mean(0), torch.zeros(24), atol=1e-4, rtol=0)
    torch.testing.assert_close(found.var(0, correction=0), torch.ones(24), atol=1e-3, rtol=0)
    slopes = compute_deltas(found[:, :8], width=5, mode="nearest")
    correlation = torch.nn.functional.cosine_similarity(slopes.mT, found[:, 8:16].mT, dim=-1)
    assert correlation.min() > 0.99
