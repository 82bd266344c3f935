import itertools

import pytest
import torch
from tones import WORDS, corpus

from hnrc_lib.audio import FrontEnd
from hnrc_lib.sequence.hmm import GaussianMixture
from hnrc_lib.training.hybrid import (
    Cepstra,
    GmmConfig,
    any_words,
    decode,
    features_of,
    train_gmm_hmm,
    uniform_alignment,
    whole_words,
)
from hnrc_lib.training.hybrid.gmm_hmm import estimate

FRONT_END = FrontEnd(sample_rate=8000, n_mels=20, variance=False)
SENTENCES = [list(pair) for pair in itertools.product(WORDS, repeat=2)]
LEXICON = whole_words(WORDS, num_states=3)


@pytest.fixture(scope="module")
def trained():
    train = corpus(SENTENCES * 2)
    heard = features_of(train, Cepstra(FRONT_END, n_mfcc=10))
    texts = [one.text.split() for one in train]
    start = [uniform_alignment(LEXICON.linear(text), len(x)) for text, x in zip(texts, heard, strict=True)]
    config = GmmConfig(num_components=2, first_rounds=3, rounds=1)
    model = train_gmm_hmm(
        heard,
        lambda stay: [LEXICON.graph(text, stay) for text in texts],
        start,
        LEXICON.num_emissions,
        config,
    )
    return model, heard


def test_words_unheard_before_are_recognised(trained):
    model, _ = trained
    test = corpus([["up", "level", "down"], ["down"], ["level", "level"]], seed=1000)
    heard = features_of(test, Cepstra(FRONT_END, n_mfcc=10))
    said = decode(LEXICON.loop(any_words(3), model.stay), model, heard, batch_size=2)
    assert said == [[0, 2, 1], [1], [2, 2]]


def test_alignments_grow_likelier_and_end_near_the_tones(trained):
    model, heard = trained
    assert len(model.scores) == 4
    assert model.scores[2] > model.scores[0]
    assert [len(states) for states in model.alignment] == [len(x) for x in heard]
    # 480 samples of silence and 80 a frame: tones begin at the sixth frame.
    for states in model.alignment:
        silence = (states == LEXICON.pause[0]).nonzero().flatten().tolist()
        assert {0, 1, 2, 3} <= set(silence)
        assert 12 not in silence
    assert model.emissions.weights.shape == (10, 2)


def test_steps_by_emission_are_those_of_all_emissions_together():
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(60, 2, generator=generator, dtype=torch.float64)
    states = torch.randint(0, 3, (60,), generator=generator)
    shape = (3, 2, 2)
    ours = GaussianMixture(
        torch.full((3, 2), 0.5).double(),
        torch.randn(shape, generator=generator, dtype=torch.float64),
        torch.ones(shape).double(),
    )
    floor = torch.full((2,), 0.01).double()
    together = ours
    for _ in range(2):
        statistics = together.statistics(frames, torch.eye(3).double()[states])
        together = together.reestimated(statistics, variance_floor=floor)
    alone = estimate(ours, frames, states, 2, floor)
    torch.testing.assert_close(alone.means, together.means)
    torch.testing.assert_close(alone.variances, together.variances)
    torch.testing.assert_close(alone.weights, together.weights)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_components": 3}, "num_components must be a power of two, got 3"),
        ({"rounds": 0}, "rounds must be positive, got 0"),
        ({"variance_floor": 0.0}, "variance_floor must be positive, got 0.0"),
    ],
)
def test_a_bad_number_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        GmmConfig(**changes)
