"""The beam search against every path of every labelling, with and without a language model."""

import itertools
import math
import os
import time

import pytest
import torch
from ctc_oracle import collapse
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import Vocabulary, WordFusion, beam_search

AB = Vocabulary((" ", "A", "B"))
FUSIONS = (
    None,
    WordFusion.fit(["A AB", "AB", "AB AB"], AB, order=2, character_order=2, weight=0.8, insertion_bonus=0.5),
    WordFusion.fit(["A", "B"], AB, order=1, character_order=1, weight=1.5, insertion_bonus=2.0),
)


def random_log_probs(frames: int, classes: int, seed: int, batch: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(frames, batch, classes, dtype=torch.float64, generator=generator)
    return (2 * scores).log_softmax(-1)


def enumerated(
    log_probs: torch.Tensor, blank: int, fusion: WordFusion | None
) -> dict[tuple[int, ...], float]:
    """Score of every labelling: its paths summed one by one, and the model's score of its text."""
    rows = log_probs.exp().tolist()
    masses: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(rows)):
        key = tuple(collapse(path, blank))
        masses[key] = masses.get(key, 0.0) + math.prod(row[k] for row, k in zip(rows, path, strict=True))
    if fusion is None:
        return {key: math.log(mass) for key, mass in masses.items()}
    return {key: math.log(mass) + fusion.text_score(AB.decode(key)) for key, mass in masses.items()}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.sampled_from(FUSIONS), st.integers(0, 10**6))
def test_a_wide_beam_finds_all_labellings_and_their_scores(frames, fusion, seed):
    log_probs = random_log_probs(frames, 4, seed)
    expected = enumerated(log_probs[:, 0], 0, fusion)
    (found,) = beam_search(
        log_probs, [frames], beam_width=2000, n_best=2000, min_probability=0.0, language_model=fusion
    )
    assert {hypothesis.symbols for hypothesis in found} == set(expected)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(expected[hypothesis.symbols], abs=1e-9)
    assert found[0].score == pytest.approx(max(expected.values()), abs=1e-9)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
    assert sum(hypothesis.confidence for hypothesis in found) == pytest.approx(1.0)


def test_without_a_model_confidence_is_the_posterior_of_the_labelling():
    log_probs = random_log_probs(4, 3, 0)
    expected = enumerated(log_probs[:, 0], 0, None)
    for hypothesis in beam_search(log_probs, [4], beam_width=500, n_best=500, min_probability=0.0)[0]:
        assert hypothesis.confidence == pytest.approx(math.exp(expected[hypothesis.symbols]))


@pytest.mark.parametrize("blank", [0, 1, 2])
def test_any_class_may_be_the_blank(blank):
    log_probs = random_log_probs(5, 3, 3)
    expected = enumerated(log_probs[:, 0], blank, None)
    (found,) = beam_search(log_probs, [5], blank, beam_width=500, min_probability=0.0)
    assert found[0].symbols == max(expected, key=expected.__getitem__)
    assert found[0].score == pytest.approx(max(expected.values()))


def test_utterances_of_a_batch_do_not_touch():
    log_probs = random_log_probs(6, 4, 1, batch=3)
    lengths = torch.tensor([6, 2, 0])
    together = beam_search(log_probs, lengths)
    for index, length in enumerate(lengths.tolist()):
        alone = beam_search(log_probs[:length, index : index + 1], [length])
        assert together[index] == alone[0]
    assert together[2][0].symbols == ()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.sampled_from(FUSIONS), st.integers(0, 10**6))
def test_a_narrow_beam_never_scores_a_labelling_above_its_own(frames, width, fusion, seed):
    log_probs = random_log_probs(frames, 4, seed)
    (found,) = beam_search(log_probs, [frames], beam_width=width, language_model=fusion)
    assert 1 <= len(found) <= width
    assert len({hypothesis.symbols for hypothesis in found}) == len(found)
    for hypothesis in found:
        target = torch.tensor([hypothesis.symbols]).long()
        loss = torch.nn.functional.ctc_loss(
            log_probs, target, (frames,), (len(hypothesis.symbols),), reduction="sum"
        )
        model = fusion.text_score(AB.decode(hypothesis.symbols)) if fusion else 0.0
        assert hypothesis.score <= model - loss.item() + 1e-9


def test_long_utterances_neither_underflow_nor_lose_their_scores():
    log_probs = random_log_probs(1200, 4, 5)
    (found,) = beam_search(log_probs, [1200], beam_width=3, language_model=FUSIONS[1])
    assert -math.inf < found[0].score < -745  # exp underflows from here on
    assert len(found[0].symbols) > 100


def test_symbols_below_the_least_probability_grow_nothing():
    log_probs = torch.tensor([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]).log().unsqueeze(1)
    (found,) = beam_search(log_probs, [2], min_probability=0.15)
    assert {hypothesis.symbols for hypothesis in found} == {(), (1,)}
    (found,) = beam_search(log_probs, [2], min_probability=0.05)
    assert (2,) in {hypothesis.symbols for hypothesis in found}


def test_the_model_decides_between_sounds_alike_and_leaves_new_words_open():
    vocabulary = Vocabulary.of_characters(["GO HOME NOW"])
    fusion = WordFusion.fit(["GO HOME", "GO ON", "NO"], vocabulary, weight=0.5)

    def heard(text: str, doubt: dict[int, str]) -> str:
        probs = torch.full((2 * len(text), len(vocabulary)), 1e-6, dtype=torch.float64)
        for i, symbol in enumerate(vocabulary.encode(text)):
            probs[2 * i, symbol], probs[2 * i + 1, 0] = 0.5, 1.0
            if i in doubt:
                probs[2 * i, vocabulary.encode(doubt[i])[0]] = 0.6
        log_probs = (probs / probs.sum(1, keepdim=True)).log().unsqueeze(1)
        (found,) = beam_search(log_probs, [len(probs)], language_model=fusion)
        return vocabulary.decode(found[0].symbols)

    assert heard("GO HOME", {3: "G"}) == "GO HOME"
    assert heard("GO NOW", {}) == "GO NOW"


def test_a_model_that_allows_nothing_gives_no_hypothesis():
    class Never:
        def start(self):
            return ()

        def extend(self, state, symbol):
            return state, -math.inf

        def finish(self, state):
            return 0.0 if state else -math.inf

    assert beam_search(random_log_probs(3, 3, 0), [3], language_model=Never()) == [[]]
    only_symbols = torch.tensor([[-math.inf, 0.0]]).unsqueeze(1)
    assert beam_search(only_symbols, [1], language_model=Never()) == [[]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_width": 0}, "beam_width must be at least 1, got 0"),
        ({"n_best": 0}, "n_best must be at least 1, got 0"),
        ({"min_probability": 1.5}, r"within 0 … 1, got 1\.5"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        beam_search(torch.zeros(1, 1, 2), [1], **options)


@pytest.mark.speech
def test_an4_sized_utterances_decode_in_seconds():
    transcripts = os.path.join(os.environ["HNRC_DATA_DIR"], "an4", "etc", "an4_train.transcription")
    with open(transcripts, encoding="utf-8") as file:
        texts = [line.split("</s>")[0].replace("<s>", "").strip() for line in file]
    vocabulary = Vocabulary.of_characters(texts)
    fusion = WordFusion.fit(texts, vocabulary)
    text = "ENTER SEVEN TWO FIVE"
    scores = torch.randn(100, 1, len(vocabulary), generator=torch.Generator().manual_seed(0))
    scores[..., 0] += 4
    for index, symbol in enumerate(vocabulary.encode(text)):
        scores[5 * index, 0, symbol] += 8
    began = time.process_time()
    (found,) = beam_search(scores.log_softmax(-1), [100], language_model=fusion)
    # 0.6 s; every call is checked against its annotations here, which takes ten times as long.
    assert time.process_time() - began < 20
    assert vocabulary.decode(found[0].symbols) == text
    assert len(found) == 10
