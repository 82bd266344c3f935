import pytest

from hnrc_lib.datasets import load_digits
from hnrc_lib.experiments.an4_ctc import Config
from hnrc_lib.experiments.shipped_models import accuracy_on
from hnrc_lib.paths import shipped
from hnrc_lib.recognition import load_recognizer

MODELS = ("an4", "digits")
LARGEST = 4_000_000  # bytes, with the language model


@pytest.fixture(scope="module")
def digits():
    return load_recognizer("digits")


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_recogniser_is_small(name):
    files = [path for path in shipped("models").iterdir() if path.name.startswith(f"{name}.")]
    assert sum(path.stat().st_size for path in files) <= LARGEST
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".arpa"}


@pytest.mark.parametrize("name", MODELS)
def test_its_card_says_what_a_user_must_know(name):
    card = load_recognizer(name).card
    assert card.name == name
    assert card.licence == "Apache-2.0"
    assert len(card.data) > 40
    assert len(card.limits) > 40
    assert card.accuracy
    assert all(0 <= value <= 1 for value in card.accuracy.values())


def test_the_an4_recogniser_has_its_language_model_and_a_weight_that_was_tried():
    files, tried = load_recognizer("an4").files, Config()
    assert files.language_model is not None
    assert files.language_model.weight in tried.weights
    assert files.language_model.insertion_bonus in tried.bonuses
    figures = files.card.accuracy
    assert figures["wer_test_low"] < figures["wer_test"] < figures["wer_test_high"]
    assert figures["wer_test"] <= 0.074


@pytest.mark.parametrize("language", ["en", "cmn"])
def test_the_digits_recogniser_reaches_its_card_s_accuracy_on_voices_not_trained_on(digits, language):
    test = load_digits("test", language=language)
    assert not set(test.speakers) & set(load_digits("train").speakers)
    found = accuracy_on(digits, test)
    assert found == pytest.approx(digits.card.accuracy[f"accuracy_{language}"], abs=2 / len(test))
    assert found > 0.95
