"""The recognisers that ship with the book: trained by recipe, stored in eight bits, measured as stored."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hnrc_lib.audio import Waveform
from hnrc_lib.datasets import Corpus
from hnrc_lib.experiments.an4_ctc import Config, choose_fusion
from hnrc_lib.experiments.recipe_runs import run_folder
from hnrc_lib.paths import shipped
from hnrc_lib.recognition import DecoderSettings, Recognizer, load_recognizer
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.export import export_recognizer
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipes import make_recipe

_BEAM = 30
_LICENCE = "Apache-2.0"
# Chosen on the dev voices: synthetic vocal tracts differ less than people's.
_DIGITS = {"max_epochs": 60, "average_last": 25, "augmentation.vocal_tract": 0.15}

# Small enough to come with the book, and half an hour of a CPU.
_AN4 = {"model.hidden_size": 160, "model.dropout": 0.2, "max_epochs": 110, "average_last": 20}


@dataclass(frozen=True)
class Folders:
    """Where things lie.

    Attributes:
        folder: of the training run, which goes on there if it was cut short; a temporary one when None.
        data_dir: folder of corpora; the environment variable ``HNRC_DATA_DIR`` when None.
        target: folder of the files; ``data/models`` when None.
    """

    folder: str | os.PathLike[str] | None = None
    data_dir: str | os.PathLike[str] | None = None
    target: str | os.PathLike[str] | None = None


def ship_digits(settings: Folders | None = None) -> Path:
    """Train the CNN on the shipped digits of both languages and write ``data/models/digits``.

    Args:
        settings: folders; the defaults train in a temporary one and write to the shipped models.

    Returns:
        Path of the model card, which states accuracy on held-out voices in both languages, as stored.
    """
    settings = settings or Folders()
    recipe = make_recipe("digits-cnn", "quick", _DIGITS)
    with run_folder(settings.folder) as where:
        result = run_recipe(recipe, where, RunOptions(device="cpu"))
    test = result.parts.test

    def write(accuracy: dict[str, float]) -> Path:
        return export_recognizer(
            result,
            settings.target or shipped("models"),
            name="digits",
            data="The book's synthetic digits, English and Mandarin: 24 voices trained on, 8 others tested.",
            licence=_LICENCE,
            accuracy=accuracy,
            limits="Single digits 0 to 9 by espeak-ng; on people's voices it errs far more often. Every "
            "sound is taken for some digit.",
            dtype="int8",
        )

    path = write({})
    recognizer = load_recognizer(path)
    measured = {
        f"accuracy_{language}": accuracy_on(recognizer, test.where(language=language))
        for language in test.languages
    }
    return write(measured)


def ship_an4(settings: Folders | None = None) -> Path:
    """Train a network half as large as ``an4_ctc``'s on AN4 and write ``data/models/an4``.

    Args:
        settings: folders; the defaults train in a temporary one and write to the shipped models.

    Returns:
        Path of the model card, which states the word error rate on the test part, as stored.

    Raises:
        FileNotFoundError: AN4 is not there.
    """
    settings = settings or Folders()
    with run_folder(settings.folder) as where:
        options = RunOptions(data_dir=settings.data_dir, device="cpu")
        result = run_recipe(make_recipe("an4-ctc", "full", _AN4), where, options)
    parts = result.parts
    fusion, _ = choose_fusion(Config(), result)

    def write(accuracy: dict[str, float]) -> Path:
        return export_recognizer(
            result,
            settings.target or shipped("models"),
            name="an4",
            data="CMU AN4 (1991): 68 speakers trained on, 6 validated on, 10 others tested; 16 kHz, close "
            "microphone, English.",
            licence=_LICENCE,
            accuracy=accuracy,
            limits="Numbers, dates, spelt names and a few commands of one American corpus; other words are "
            "written as these, or spelt wrongly. Noise and distance were hardly trained on.",
            language_model=fusion,
            decoder=DecoderSettings(beam_width=_BEAM),
            dtype="int8",
        )

    path = write({})
    texts = transcripts(load_recognizer(path), parts.test)
    rate = word_error_rate([utterance.text for utterance in parts.test], texts)
    return write({"wer_test": rate.rate, "wer_test_low": rate.low, "wer_test_high": rate.high})


def transcripts(recognizer: Recognizer, corpus: Corpus) -> list[str]:
    """What a recogniser writes for each utterance."""
    waveforms = (Waveform(utterance.samples, utterance.sample_rate) for utterance in corpus)
    return [recognizer.transcribe(waveform).text for waveform in waveforms]


def accuracy_on(recognizer: Recognizer, corpus: Corpus) -> float:
    """Fraction of labelled utterances whose text is their class's."""
    texts = transcripts(recognizer, corpus)
    right = sum(text == str(label) for text, label in zip(texts, corpus.labels, strict=True))
    return right / len(corpus)


def make_all(settings: Folders | None = None) -> Sequence[Path]:
    """Both recognisers, each trained anew; AN4 takes half an hour of a CPU."""
    settings = settings or Folders()
    return [ship_digits(replace(settings, folder=None)), ship_an4(replace(settings, folder=None))]


if __name__ == "__main__":
    for card in make_all():
        print(card)
