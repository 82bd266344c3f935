"""The corpus on the device against its utterances one by one."""

import pytest
import tiny_corpus
import torch

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.training.resident import ResidentCorpus, Rows

FRONT_END = FrontEnd(tiny_corpus.RATE, n_mels=10)


@pytest.mark.parametrize("budget", [0, 1 << 30])
def test_spectra_are_those_of_each_utterance_alone(budget):
    corpus = tiny_corpus.words(7, 0)
    resident = ResidentCorpus(corpus, FRONT_END, spectra_budget=budget)
    assert resident.keeps_spectra == bool(budget)
    assert len(resident) == 7
    power, frames = resident.spectra(torch.tensor([4, 1]))
    for row, index in enumerate((4, 1)):
        samples = corpus[index].samples
        alone, count = FRONT_END.spectra(samples[None], torch.tensor([len(samples)]))
        assert frames[row] == count[0] == resident.frames[index]
        torch.testing.assert_close(power[row, : count[0]], alone[0], rtol=1e-4, atol=1e-6)
        assert (power[row, count[0] :] == 0).all()


def test_rows_of_integers_are_gathered_with_zeros_beyond():
    rows = Rows.of([torch.tensor([5]), torch.tensor([6, 7, 8])], "cpu")
    values, lengths = rows.gather(torch.tensor([0, 1, 0]))
    assert values.tolist() == [[5, 0, 0], [6, 7, 8], [5, 0, 0]]
    assert lengths.tolist() == [1, 3, 1]


def test_another_rate_and_an_empty_corpus_are_refused():
    with pytest.raises(ValueError, match=r"utterances at 16000 Hz, got rates \[8000\]"):
        ResidentCorpus(tiny_corpus.words(2, 0), FrontEnd(16000))
    with pytest.raises(ValueError, match=r"got rates \[\]"):
        ResidentCorpus(Corpus("nobody", []), FRONT_END)
