"""Language-model scores symbol by symbol, against whole texts scored from the definition."""

import itertools
import math

import pytest

from hnrc_lib.sequence import NGram, Vocabulary, WordFusion

TEXTS = ["GO HOME", "GO ON", "NO GO", "ON"]
LETTERS = Vocabulary.of_characters(["GO HOME NOW"])


def walked(fusion: WordFusion, text: str) -> float:
    state, total = fusion.start(), 0.0
    symbols = [fusion.vocabulary.symbols.index(c) + 1 for c in text]
    for symbol in symbols:
        state, added = fusion.extend(state, symbol)
        total += added
    return total + fusion.finish(state)


def defined(fusion: WordFusion, text: str) -> float:
    """The score from the class's equation, its models asked word by word and letter by letter."""
    words, total = text.split(), 0.0
    for i, word in enumerate(words):
        history = ["<s>", *words[:i]]
        if (word,) in fusion.words.log_probs:
            total += fusion.words.log_prob(word, history)
        else:
            total += fusion.words.log_prob("<unk>", history) + fusion.characters.sentence_log_prob(word)
    total += fusion.words.log_prob("</s>", ["<s>", *words])
    return fusion.weight * total + fusion.insertion_bonus * len(words)


@pytest.mark.parametrize("text", ["", "GO", "GO HOME", "NOW", "GO NOW ON", " ", "  GO  ON ", "NO GO HOME"])
def test_symbol_by_symbol_gives_the_score_of_the_text(text):
    fusion = WordFusion.fit(TEXTS, LETTERS, order=3, character_order=3, weight=0.7, insertion_bonus=0.4)
    assert walked(fusion, text) == pytest.approx(defined(fusion, text), rel=1e-12)
    assert fusion.text_score(text) == pytest.approx(defined(fusion, text), rel=1e-12)


def test_a_word_begun_is_worth_the_words_it_may_become():
    fusion = WordFusion.fit(TEXTS, LETTERS, order=2)
    state, first = fusion.extend(fusion.start(), LETTERS.encode("G")[0])
    listed = math.exp(fusion.words.log_prob("GO", ["<s>"]))
    unknown = fusion.words.log_prob("<unk>", ["<s>"]) + fusion.characters.log_prob("G", ["<s>"])
    assert first == pytest.approx(math.log(listed + math.exp(unknown)))
    assert fusion.extend(state, LETTERS.encode("O")[0])[1] <= 0


def test_without_characters_the_vocabulary_is_closed():
    fusion = WordFusion(LETTERS, NGram.fit([text.split() for text in TEXTS], 2))
    assert walked(fusion, "GO ON") == pytest.approx(fusion.text_score("GO ON"))
    assert walked(fusion, "GO NOW") == -math.inf
    assert fusion.text_score("GO NOW") == -math.inf


def test_words_may_be_the_symbols():
    digits = Vocabulary(("one", "two"))
    fusion = WordFusion.fit(["one two", "one one two"], digits, order=2, insertion_bonus=0.3)
    state, total = fusion.start(), 0.0
    for symbol in digits.encode("two one"):
        state, added = fusion.extend(state, symbol)
        total += added
    assert total + fusion.finish(state) == pytest.approx(defined(fusion, "two one"))


def test_texts_of_one_word_have_probabilities_below_one_in_sum():
    fusion = WordFusion.fit(TEXTS, LETTERS, order=2, character_order=2)
    letters = "".join(LETTERS.symbols).strip()
    total = sum(
        math.exp(fusion.text_score("".join(word)))
        for size in range(1, 4)
        for word in itertools.product(letters, repeat=size)
    )
    assert 0 < total < 1


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match=r"weight must not be negative, got -1"):
        WordFusion.fit(TEXTS, LETTERS, weight=-1.0)
