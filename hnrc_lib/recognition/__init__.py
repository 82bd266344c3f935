"""From recordings to text: trained models as files, and what they hear."""

from hnrc_lib.recognition.activity import Activity, find_speech
from hnrc_lib.recognition.model_file import (
    DecoderSettings,
    ModelCard,
    ModelFileError,
    ModelFiles,
    load_model_files,
    save_recognizer,
    shipped_models,
)
from hnrc_lib.recognition.recognize import Recognizer, load_recognizer
from hnrc_lib.recognition.transcript import Transcript, Word

__all__ = [
    "Activity",
    "DecoderSettings",
    "ModelCard",
    "ModelFileError",
    "ModelFiles",
    "Recognizer",
    "Transcript",
    "Word",
    "find_speech",
    "load_model_files",
    "load_recognizer",
    "save_recognizer",
    "shipped_models",
]
