"""N-gram models: against the estimate written out, sums over the vocabulary, and their texts' perplexity."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import NGram

SENTENCES = st.lists(st.lists(st.sampled_from("abc"), max_size=5), min_size=1, max_size=6)


def written_out(sentences, word, context):
    """P(word | context) by counting anew at every step of the definition."""
    texts = [["<s>", *sentence, "</s>"] for sentence in sentences]
    size = len(context)
    after = [
        text[i] for text in texts for i in range(1, len(text)) if i >= size and text[i - size : i] == context
    ]
    kinds, seen = len(set(after)), len(after)
    if not context:
        known = word in after
        return after.count(word) / (seen + kinds) if known else kinds / (seen + kinds)
    lower = written_out(sentences, word, context[1:])
    return (after.count(word) + kinds * lower) / (seen + kinds) if seen else lower


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.integers(1, 4), st.lists(st.sampled_from("abcz"), max_size=4), st.booleans())
def test_every_probability_is_the_one_written_out(sentences, order, context, begins):
    model = NGram.fit(sentences, order)
    given_context = ["<s>", *context] if begins else context
    used = given_context[len(given_context) - order + 1 :] if len(given_context) >= order else given_context
    for word in (*model.vocabulary, "z"):
        expected = written_out(sentences, word, used)
        assert math.exp(model.log_prob(word, given_context)) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.integers(1, 4), st.lists(st.sampled_from(["a", "b", "z", "<s>"]), max_size=4))
def test_probabilities_sum_to_one_after_any_context(sentences, order, context):
    model = NGram.fit(sentences, order)
    assert {"</s>", "<unk>"} <= set(model.vocabulary)
    total = sum(math.exp(model.log_prob(word, context)) for word in model.vocabulary)
    assert total == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.integers(1, 4), st.lists(st.sampled_from(["a", "b", "c", "z", "<s>"]), max_size=5))
def test_a_shortened_context_predicts_alike(sentences, order, context):
    model = NGram.fit(sentences, order)
    shortened = model.shorten(context)
    assert len(shortened) < order
    for word in model.vocabulary:
        assert model.log_prob(word, shortened) == model.log_prob(word, context)


def test_a_string_is_a_sequence_of_characters():
    model = NGram.fit(["ABBA", "AB"], 3)
    assert model.vocabulary == ("</s>", "<unk>", "A", "B")
    assert "A" in model
    assert "Z" not in model
    assert model.sentence_log_prob("ABZ") == model.sentence_log_prob(["A", "B", "<any other>"])


def test_perplexity_is_the_inverse_geometric_mean():
    model = NGram.fit(["AB", "A"], 2)
    given_texts = ["AB", "BZ"]
    product, count = 1.0, 0
    for text in given_texts:
        tokens = ["<s>", *text, "</s>"]
        for before, token in itertools.pairwise(tokens):
            product *= math.exp(model.log_prob(token, [before]))
            count += 1
    assert model.perplexity(given_texts) == pytest.approx(product ** (-1 / count))
    assert NGram.fit(["A"] * 5, 2).perplexity(["A"]) < NGram.fit(["A"] * 5, 1).perplexity(["A"])


def test_the_start_is_never_predicted():
    assert NGram.fit(["AB"], 2).log_prob("<s>", ["A"]) == -math.inf


@pytest.mark.parametrize(
    ("sentences", "order", "message"),
    [
        (["A"], 0, "order must be at least 1, got 0"),
        ([], 2, "at least one sentence"),
        ([["A", "<s>"]], 2, r"got \['<s>'\]"),
        ([["A", ""]], 2, r"got \[''\]"),
    ],
)
def test_bad_arguments_are_named(sentences, order, message):
    with pytest.raises(ValueError, match=message):
        NGram.fit(sentences, order)


def test_no_perplexity_without_a_text():
    with pytest.raises(ValueError, match="at least one sentence"):
        NGram.fit(["A"], 1).perplexity([])


def test_the_order_must_be_that_of_the_grams():
    with pytest.raises(ValueError, match=r"longest n-gram \(1\), got 2"):
        NGram(2, {("a",): 0.0}, {})
