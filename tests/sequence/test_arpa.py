"""ARPA files: written, read back, written again; what other toolkits write; and faults by line."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.sequence import NGram, read_arpa, write_arpa

# Made elsewhere: a preamble, no back-off where it is zero, no <unk>.
FOREIGN = """a model of two words
\\data\\
ngram 1=4
ngram 2=2

\\1-grams:
-0.3010\t</s>
-99\t<s>\t-0.5
-0.6021\tGO
-0.6021\tHOME\t-0.25

\\2-grams:
-0.1\t<s> GO
-0.2\tGO HOME

\\end\\
"""


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("ab c", max_size=6).map(str.split), min_size=1, max_size=5), st.integers(1, 4))
def test_written_read_and_written_again_is_the_same_file(tmp_path_factory, sentences, order):
    folder = tmp_path_factory.mktemp("arpa")
    model = NGram.fit(sentences, order)
    first = write_arpa(model, folder / "first.arpa")
    back = read_arpa(first)
    assert write_arpa(back, folder / "second.arpa").read_bytes() == first.read_bytes()
    assert back.order == model.order
    assert back.vocabulary == model.vocabulary
    assert back.log_probs.keys() == model.log_probs.keys()
    for context in ([], ["<s>"], ["a"], ["<s>", "a", "b"], ["never", "b"]):
        for word in model.vocabulary:
            both = back.log_prob(word, context), model.log_prob(word, context)
            assert both[0] == pytest.approx(both[1], abs=order * 0.5e-7 * math.log(10) + 1e-12)
    assert {path.name for path in folder.iterdir()} == {"first.arpa", "second.arpa"}


def test_a_foreign_file_is_read(tmp_path):
    path = tmp_path / "foreign.arpa"
    path.write_text(FOREIGN)
    model = read_arpa(path)
    assert (model.order, model.vocabulary) == (2, ("</s>", "GO", "HOME"))
    assert model.log_prob("GO", ["<s>"]) == pytest.approx(-0.1 * math.log(10))
    assert model.log_prob("HOME", ["<s>"]) == pytest.approx((-0.5 - 0.6021) * math.log(10))
    assert model.log_prob("</s>", ["HOME"]) == pytest.approx((-0.25 - 0.3010) * math.log(10))
    assert model.log_prob("GO", ["GO"]) == pytest.approx(-0.6021 * math.log(10))
    assert model.log_prob("AWAY") == -math.inf


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\\data\\", "data", "must have a line"),
        ("ngram 2=2", "ngram 3=2", r"line 4: expected 'ngram 2=COUNT', got 'ngram 3=2'"),
        ("ngram 1=4", "ngram 1=5", r"line 12: expected 5 1-grams above this line.*got '4'"),
        ("\\1-grams:", "\\2-grams:", r"line 6: expected \\1-grams:, got"),
        ("-0.3010\t</s>", "-0.3010", r"line 7: expected a logarithm, 1 tokens"),
        ("-0.3010\t</s>", "much\t</s>", r"line 7: expected finite numbers.*got 'much"),
        ("-0.3010\t</s>", "nan\t</s>", r"line 7: expected finite numbers"),
        ("-0.3010\t</s>", "0.3010\t</s>", r"line 7: .*at most 0"),
        ("-0.6021\tHOME\t-0.25", "-0.6021\tGO", r"line 10: expected each n-gram once"),
        ("-0.2\tGO HOME", "-0.2\tGO HOME NOW 1", r"line 14: expected a logarithm, 2 tokens"),
        ("\\end\\\n", "", r"breaks off after its 2-grams"),
        ("\\2-grams:", "\\end\\", r"line 12: expected \\2-grams:, got"),
        (FOREIGN[FOREIGN.index("\\data") :], "\\data\\\nngram 1=4", "ends there"),
    ],
)
def test_a_malformed_file_is_named_by_line(tmp_path, old, new, message):
    path = tmp_path / "bad.arpa"
    assert old in FOREIGN
    path.write_text(FOREIGN.replace(old, new))
    with pytest.raises(ValueError, match=rf"bad\.arpa.*{message}"):
        read_arpa(path)


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "bad.arpa"
    path.write_bytes(b"\\data\\\n\xff\xfe")
    with pytest.raises(ValueError, match=r"bad\.arpa: an ARPA file must be text"):
        read_arpa(path)


def test_a_token_with_white_space_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no white space, got \[' '\]"):
        write_arpa(NGram.fit(["a b"], 2), tmp_path / "no.arpa")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.speech
def test_the_model_published_with_an4_is_read():
    model = read_arpa(Path(os.environ["HNRC_DATA_DIR"]) / "an4" / "etc" / "an4.lm")
    assert len(model.vocabulary) == 106
    assert model.log_prob("ELEVEN", ["<s>"]) < 0
