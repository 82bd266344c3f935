"""The recipes, each in three sizes."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from hnrc_lib.audio import FrontEnd
from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.hybrid import GmmConfig, HybridConfig
from hnrc_lib.training.recipe import SIZES, Recipe, change

# Silence cut off and rooms levelled: speakers of FSDD differ more in these than in their voices. Centred but
# not scaled to unit variance, which would make a feature of how much a room was silent.
_WORD_FRONT_END = FrontEnd(
    8000, n_mels=24, delta_order=1, variance=False, num_frames=32, dynamic_range_db=40.0, trim_db=25.0
)
_TEXT_FRONT_END = FrontEnd(16000, n_mels=40)
_WORD_AUGMENTATION = Augmentation(vocal_tract=0.25, noise_probability=0.5, frequency_masks=2, time_masks=1)
_TEXT_AUGMENTATION = Augmentation(
    vocal_tract=0.12,
    tempo=0.15,
    noise_probability=0.3,
    snr_db=(8.0, 30.0),
    frequency_masks=2,
    time_masks=2,
    time_width=0.1,
)
_AN4_MODEL = {"hidden_size": 224, "num_layers": 2, "dropout": 0.3}


def make_recipe(name: str, size: str = "full", changes: Mapping[str, Any] | None = None) -> Recipe:
    """A recipe by name and size, with fields changed.

    Args:
        name: one of ``RECIPES``.
        size: ``"quick"`` (a CPU, about a minute), ``"colab"`` (a T4) or ``"full"``.
        changes: fields by name, nested ones with a dot; texts are read as the field's type.

    Raises:
        ValueError: no such recipe, size or field.

    >>> recipe = make_recipe("digits-cnn", "quick", {"learning_rate": "1e-3"})
    >>> recipe.corpus, recipe.learning_rate
    ('digits', 0.001)
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}, got {name!r}")
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, got {size!r}")
    return change(RECIPES[name](name, size), changes or {})


def _digits(name: str, size: str, architecture: str, model: dict[str, Any], **fields: Any) -> Recipe:
    """Isolated digits: the shipped ones where it must be quick, else FSDD with a speaker held out.

    Four or five speakers are few: the synthetic English voices are trained on beside them.
    """
    quick = size == "quick"
    recipe = Recipe(
        name,
        size,
        "digits" if quick else "fsdd-and-voices",
        "classify",
        architecture,
        _WORD_FRONT_END,
        model=model,
        augmentation=_WORD_AUGMENTATION,
        max_epochs=12 if quick else 35,
        average_last=4 if quick else 14,
    )
    return dataclasses.replace(recipe, **fields)


def _digits_cnn(name: str, size: str) -> Recipe:
    return _digits(name, size, "CNN", {})


def _recurrent_digits(architecture: str) -> Callable[[str, str], Recipe]:
    front_end = dataclasses.replace(_WORD_FRONT_END, num_frames=None)
    augmentation = dataclasses.replace(_WORD_AUGMENTATION, tempo=0.15)

    def recipe(name: str, size: str) -> Recipe:
        width = 64 if size == "quick" else 128
        model = {"hidden_size": width, "num_layers": 2, "pooling": "mean", "bidirectional": True}
        return _digits(name, size, architecture, model, front_end=front_end, augmentation=augmentation)

    return recipe


def _digits_transformer(name: str, size: str) -> Recipe:
    quick = size == "quick"
    model = {
        "width": 32 if quick else 96,
        "num_layers": 1 if quick else 3,
        "subsampling": 2,
        "pooling": "mean",
    }
    front_end = dataclasses.replace(_WORD_FRONT_END, num_frames=None)
    return _digits(name, size, "Transformer", model, front_end=front_end)


def _digits_hybrid(name: str, size: str) -> Recipe:
    """Silence is cut off the recordings, not the features: frames must stay those of the alignment."""
    quick = size == "quick"
    front_end = FrontEnd(8000, n_mels=24, variance=False, hop_seconds=0.015, dynamic_range_db=40.0)
    hybrid = HybridConfig(gmm=GmmConfig(num_components=4, first_rounds=3, rounds=1))
    return _digits(
        name,
        size,
        "FrameNetwork",
        {"hidden": 64, "dilations": (1, 2, 4)},
        corpus="digits-trimmed" if quick else "fsdd-words-and-strings",
        task="frames",
        front_end=front_end,
        augmentation=dataclasses.replace(_WORD_AUGMENTATION, tempo=0.15),
        hybrid=hybrid,
        learning_rate=3e-3,
        batch_size=16,
        max_epochs=8 if quick else 14,
        average_last=3 if quick else 6,
    )


def _keywords_cnn(name: str, size: str) -> Recipe:
    quick = size == "quick"
    return Recipe(
        name,
        size,
        "keywords",
        "classify",
        "CNN",
        dataclasses.replace(_WORD_FRONT_END, sample_rate=16000, n_mels=40, num_frames=50),
        model={"channels": (32, 64, 64), "hidden": 64}
        if quick
        else {"channels": (64, 128, 128), "hidden": 256},
        augmentation=_WORD_AUGMENTATION,
        batch_size=32 if quick else 256,
        max_epochs=3 if quick else 30,
        average_last=0 if quick else 5,
        train_limit=4000 if quick else None,
    )


def _connected_digits(name: str, size: str) -> Recipe:
    quick = size == "quick"
    return Recipe(
        name,
        size,
        "connected-digits" if quick else "connected-fsdd",
        "ctc-words",
        "ConvLSTM",
        FrontEnd(8000, n_mels=32, variance=False, dynamic_range_db=40.0),
        model={"hidden_size": 48 if quick else 80, "num_layers": 2, "channels": 16, "dropout": 0.1},
        augmentation=dataclasses.replace(_TEXT_AUGMENTATION, vocal_tract=0.25, tempo=0.3),
        batch_size=32,
        max_epochs=8 if quick else 18,
        average_last=2 if quick else 5,
    )


def _an4_ctc(name: str, size: str) -> Recipe:
    quick = size == "quick"
    return Recipe(
        name,
        size,
        "an4",
        "ctc",
        "ConvLSTM",
        _TEXT_FRONT_END,
        model={"hidden_size": 64, "num_layers": 2} if quick else _AN4_MODEL,
        augmentation=_TEXT_AUGMENTATION,
        batch_size=16,
        max_epochs=4 if quick else 220,
        average_last=0 if quick else 40,
        train_limit=300 if quick else None,
    )


def _an4_hybrid(name: str, size: str) -> Recipe:
    quick = size == "quick"
    return Recipe(
        name,
        size,
        "an4-with-dictionary",
        "frames",
        "FrameNetwork",
        FrontEnd(16000, n_mels=32),
        model={"hidden": 48 if quick else 80},
        augmentation=_TEXT_AUGMENTATION,
        learning_rate=3e-3,
        batch_size=4 if quick else 6,
        max_epochs=5 if quick else 12,
        average_last=0 if quick else 5,
        train_limit=200 if quick else None,
        hybrid=HybridConfig(
            units="phones",
            num_states=3,
            n_mels=40,
            gmm=GmmConfig(num_components=1 if quick else 8, first_rounds=4, rounds=1),
            language="bigram",
        ),
    )


RECIPES: dict[str, Callable[[str, str], Recipe]] = {
    "digits-cnn": _digits_cnn,
    "digits-drnn": _recurrent_digits("DRNN"),
    "digits-lstm": _recurrent_digits("LSTM"),
    "digits-transformer": _digits_transformer,
    "digits-hybrid": _digits_hybrid,
    "keywords-cnn": _keywords_cnn,
    "connected-digits-ctc": _connected_digits,
    "an4-ctc": _an4_ctc,
    "an4-hybrid": _an4_hybrid,
}
