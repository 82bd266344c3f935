import dataclasses

import pytest
import tiny_corpus

from hnrc_lib.recognition import DecoderSettings, load_recognizer
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.export import export_recognizer
from hnrc_lib.training.options import RunOptions

CARD = {"data": "tones", "licence": "CC0-1.0", "accuracy": {"accuracy_test": 0.5}, "limits": "three tones"}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Of a classifier that has learned its tones."""
    recipe = tiny_corpus.word_recipe(max_epochs=12)
    return run_recipe(
        recipe, tmp_path_factory.mktemp("words"), RunOptions(device="cpu"), parts=tiny_corpus.word_parts()
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Of a CTC model that has learned a little."""
    recipe = tiny_corpus.sentence_recipe(max_epochs=2)
    options = RunOptions(device="cpu")
    return run_recipe(recipe, tmp_path_factory.mktemp("rows"), options, parts=tiny_corpus.sentence_parts())


def test_the_card_holds_recipe_and_figures(words, rows, tmp_path):
    card = load_recognizer(export_recognizer(words, tmp_path, name="tones", **CARD)).card
    assert (card.name, card.task, card.architecture) == ("tones", "classify", "LSTM")
    assert card.symbols == ("0", "1", "2")
    assert card.front_end == words.recipe.front_end
    assert {name: getattr(card, name) for name in CARD} == CARD
    settings = DecoderSettings(beam_width=3)
    path = export_recognizer(rows, tmp_path, name="rows", decoder=settings, **CARD)
    card = load_recognizer(path).card
    assert (card.task, card.symbols) == ("ctc", ("high", "low", "mid"))
    assert card.options["output_size"] == 4  # the blank too
    assert card.decoder == settings


def test_the_exported_weights_are_those_that_the_run_kept(rows, tmp_path):
    path = export_recognizer(rows, tmp_path, name="rows", **CARD)
    stored = load_recognizer(path).files.model.state_dict()
    kept = rows.model.state_dict()
    assert set(stored) == set(kept)
    for name, value in kept.items():
        assert (stored[name] == value).all(), name


def test_a_run_that_was_stopped_is_refused(words, tmp_path):
    stopped = dataclasses.replace(words, finished=False)
    with pytest.raises(ValueError, match="result must be of a finished run, got one that was stopped"):
        export_recognizer(stopped, tmp_path, name="tones", **CARD)
    assert list(tmp_path.iterdir()) == []
