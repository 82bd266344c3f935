"""A recogniser's files: written, read, and every fault named."""

import dataclasses
import json
import math

import pytest
import torch
from small_models import card

from hnrc_lib.audio import FrontEnd
from hnrc_lib.models import make_model
from hnrc_lib.paths import shipped
from hnrc_lib.recognition import (
    DecoderSettings,
    ModelCard,
    ModelFileError,
    load_model_files,
    save_recognizer,
    shipped_models,
)
from hnrc_lib.sequence import Vocabulary, WordFusion

LETTERS = Vocabulary.of_characters(["GO HOME"])


def text_card(architecture: str, **options) -> ModelCard:
    return ModelCard(
        "letters",
        "ctc",
        architecture,
        options,
        FrontEnd(8000, n_mels=8),
        LETTERS.symbols,
        data="none",
        licence="Apache-2.0",
        accuracy={},
        limits="random weights",
        decoder=DecoderSettings(beam_width=7, chunk_seconds=4.0, overlap_seconds=1.0),
    )


OPTIONS = {
    "ConvLSTM": {"num_features": 8, "output_size": len(LETTERS), "hidden_size": 4, "num_layers": 1},
    "LSTM": {"input_size": 8, "hidden_size": 4, "output_size": len(LETTERS), "bidirectional": True},
    "DRNN": {"input_size": 8, "hidden_size": 4, "output_size": len(LETTERS), "nonlinearity": "relu"},
}


@pytest.mark.parametrize("architecture", sorted(OPTIONS))
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_what_is_written_is_read(tmp_path, architecture, dtype):
    described = text_card(architecture, **OPTIONS[architecture])
    model = make_model(architecture, **described.options)
    fusion = WordFusion.fit(["GO HOME", "GO"], LETTERS, order=2, weight=0.6, insertion_bonus=0.3)
    path = save_recognizer(tmp_path, model, described, language_model=fusion, dtype=dtype)
    back = load_model_files(path)
    assert back.card == described
    assert not back.model.training
    tolerance = {"float32": 0.0, "float16": 1e-3, "int8": 2e-2}[dtype]
    for name, value in model.state_dict().items():
        torch.testing.assert_close(back.model.state_dict()[name], value, rtol=0, atol=tolerance)
    assert back.language_model is not None
    for text in ("GO HOME", "HOME GO", "HE"):
        assert back.language_model.text_score(text) == pytest.approx(fusion.text_score(text), abs=1e-5)
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "letters.json",
        "letters.safetensors",
        "letters.words.arpa",
        "letters.characters.arpa",
    }


def test_a_closed_language_model_is_read(tmp_path):
    described = text_card("ConvLSTM", **OPTIONS["ConvLSTM"])
    fusion = dataclasses.replace(WordFusion.fit(["GO"], LETTERS), characters=None)
    save_recognizer(tmp_path, make_model("ConvLSTM", **described.options), described, language_model=fusion)
    back = load_model_files(tmp_path).language_model
    assert back is not None
    assert back.text_score("HE") == -math.inf


def test_a_model_is_found_by_folder_stem_and_card(tmp_path):
    described = card()
    path = save_recognizer(tmp_path, make_model("CNN", **described.options), described)
    for given in (tmp_path, tmp_path / "digits-small", str(path)):
        assert load_model_files(given).card == described


def test_loading_leaves_the_random_numbers_alone(tmp_path):
    described = card()
    save_recognizer(tmp_path, make_model("CNN", **described.options), described)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    load_model_files(tmp_path)
    assert torch.equal(torch.rand(1), expected)


@pytest.fixture
def written(tmp_path):
    described = card()
    save_recognizer(tmp_path, make_model("CNN", **described.options), described)
    return tmp_path / "digits-small.json"


def test_damaged_weights_are_named(written):
    weights = written.with_suffix(".safetensors")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ModelFileError, match=r"digits-small\.safetensors: sha256 must be"):
        load_model_files(written)
    weights.unlink()
    with pytest.raises(ModelFileError, match=r"digits-small\.safetensors: the file cannot be read"):
        load_model_files(written)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "Oracle"}, "architecture must be one of"),
        ({"options": {"num_features": 16, "num_frames": 20, "channels": [12, 25]}}, "must have shape"),
        ({"options": {"wishes": 3}}, "wishes"),
        ({"task": "guess"}, "task must be one of"),
        ({"front_end": {"sample_rate": 0}}, "sample_rate"),
        ({"front_end": {"sample_rate": 8000, "bands": 3}}, "bands"),
        ({"dtype": "int4"}, "dtype must be one of"),
        ({"decoder": {"chunk_seconds": 1.0, "overlap_seconds": 2.0}}, "overlap_seconds must lie"),
        ({"sha256": {}}, "digits-small.safetensors"),
        ({"format": 99}, "format 1"),
    ],
)
def test_a_card_that_does_not_fit_is_named(written, change, message):
    written.write_text(json.dumps(json.loads(written.read_text()) | change))
    with pytest.raises(ModelFileError, match=rf"digits-small\.json.*{message}"):
        load_model_files(written)


def test_a_card_that_is_no_card_is_named(written):
    written.write_text("{")
    with pytest.raises(ModelFileError, match="the card cannot be read"):
        load_model_files(written)
    with pytest.raises(ModelFileError, match=r"one of those shipped .*got 'nothing'"):
        load_model_files("nothing")
    (written.parent / "second.json").write_text("{}")
    with pytest.raises(ModelFileError, match=r"must hold one card, .*found 2"):
        load_model_files(written.parent)


def test_a_model_that_is_not_the_cards_is_refused_before_anything_is_written(tmp_path):
    described = card()
    other = make_model("CNN", **described.options | {"hidden": 8})
    with pytest.raises(ValueError, match="must be those of the architecture"):
        save_recognizer(tmp_path / "new", other, described)
    assert not (tmp_path / "new").exists()


def test_shipped_models_load_and_are_small():
    for name in shipped_models():
        assert load_model_files(name).card.name == name
        files = list(shipped("models").glob(f"{name}.*"))
        assert sum(path.stat().st_size for path in files) <= 4 * 1024**2
