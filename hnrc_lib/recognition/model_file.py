"""A recogniser as files: NAME.json says what it is, NAME.safetensors holds its weights; no pickle."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from hnrc_lib.audio import FrontEnd
from hnrc_lib.files import replace_file
from hnrc_lib.models import make_model
from hnrc_lib.paths import shipped
from hnrc_lib.recognition.weights import DTYPES, pack_weights, unpack_weights
from hnrc_lib.sequence import NGram, Vocabulary, WordFusion, read_arpa, write_arpa

TASKS = ("classify", "ctc")
_FORMAT = 1


class ModelFileError(ValueError):
    """A recogniser's files cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True)
class DecoderSettings:
    """How outputs become text.

    Attributes:
        beam_width, n_best, min_probability: as ``beam_search``.
        chunk_seconds: longest piece of a recording that the model hears at once, > 0.
        overlap_seconds: what neighbouring pieces share, > 0, less than half a piece.

    Raises:
        ValueError: a length out of range.
    """

    beam_width: int = 50
    n_best: int = 10
    min_probability: float = 1e-4
    chunk_seconds: float = 12.0
    overlap_seconds: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.overlap_seconds < self.chunk_seconds / 2:
            raise ValueError(
                f"overlap_seconds must lie in 0 … chunk_seconds/2 ({self.chunk_seconds / 2}), "
                f"got {self.overlap_seconds}"
            )


@dataclass(frozen=True)
class ModelCard:
    """What a recogniser is and may be used for.

    Attributes:
        name: of the files.
        task: ``"classify"`` (each recording is one word) or ``"ctc"``.
        architecture: of ``hnrc_lib.models.ARCHITECTURES``.
        options: arguments of its constructor.
        front_end: from waveform to features.
        symbols: the classes' words in order, or the vocabulary's symbols without the blank.
        data: what it was trained and tested on.
        licence: of the weights.
        accuracy: measured figures, each under a name that says on what.
        limits: where it fails.
        decoder: how outputs become text.

    Raises:
        ValueError: another task, or symbols that make no vocabulary.
    """

    name: str
    task: str
    architecture: str
    options: Mapping[str, Any]
    front_end: FrontEnd
    symbols: tuple[str, ...]
    data: str
    licence: str
    accuracy: Mapping[str, float]
    limits: str
    decoder: DecoderSettings = field(default_factory=DecoderSettings)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")
        if self.task == "ctc":
            Vocabulary(self.symbols)

    @property
    def output_size(self) -> int:
        """Outputs that the model must have."""
        return len(self.symbols) + (self.task == "ctc")


@dataclass(frozen=True, eq=False)
class ModelFiles:
    """What the files of a recogniser hold: card, model in evaluation mode, language model if there is one."""

    card: ModelCard
    model: nn.Module
    language_model: WordFusion | None = None


def save_recognizer(
    folder: str | os.PathLike[str],
    model: nn.Module,
    card: ModelCard,
    *,
    language_model: WordFusion | None = None,
    dtype: str = "float32",
) -> Path:
    """Write a recogniser's files, each beside its name and renamed, the card last.

    Args:
        folder: made if need be; gets ``NAME.safetensors``, ``NAME.json`` and, with a language model,
            ``NAME.words.arpa`` and ``NAME.characters.arpa``.
        model: of the card's architecture and options.
        card: what it is.
        language_model: for ``beam_search``.
        dtype: of the stored weights: ``"float32"``, ``"float16"`` or ``"int8"``.

    Returns:
        Path of the card.

    Raises:
        ValueError: the model is not what the card says, a weight is not finite, or no such dtype.
    """
    folder = Path(folder)
    fresh = _make(card)
    packed = pack_weights(model.state_dict(), dtype)
    unpack_weights(packed, fresh.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{card.name}.safetensors": save_tensors(packed)}
    for name, data in files.items():
        replace_file(folder / name, data)
    content = _as_json(card) | {"format": _FORMAT, "dtype": dtype, "language_model": None}
    if language_model is not None:
        names = {"words": f"{card.name}.words.arpa"}
        write_arpa(language_model.words, folder / names["words"])
        if language_model.characters is not None:
            names["characters"] = f"{card.name}.characters.arpa"
            write_arpa(language_model.characters, folder / names["characters"])
        content["language_model"] = names | {
            "weight": language_model.weight,
            "insertion_bonus": language_model.insertion_bonus,
        }
        files |= {name: (folder / name).read_bytes() for name in names.values()}
    content["sha256"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    path = folder / f"{card.name}.json"
    replace_file(path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
    return path


def load_model_files(name_or_path: str | os.PathLike[str]) -> ModelFiles:
    """Read a recogniser: every file checked against its hash, every weight by name and shape.

    Args:
        name_or_path: name of a shipped model, or path of a card, with or without ``.json``, or of a folder
            that holds one card.

    Raises:
        ModelFileError: no such model, or a file that is absent, damaged or does not fit; says which.
    """
    path = _find(name_or_path)
    content = _read_card(path)
    try:
        card = _from_json(content)
        stored = load_tensors(_checked(path.parent, f"{card.name}.safetensors", content["sha256"]))
        if content["dtype"] not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {content['dtype']!r}")
        model = _make(card)
        model.load_state_dict(unpack_weights(stored, model.state_dict()))
        language_model = _language_model(path.parent, card, content)
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"{path}: the card lacks or misnames an entry: {error}") from error
    except ModelFileError:
        raise
    except (ValueError, SafetensorError) as error:
        raise ModelFileError(f"{path}: {error}") from error
    return ModelFiles(card, model.eval().requires_grad_(False), language_model)


def shipped_models() -> tuple[str, ...]:
    """Names of the models that ship with the library."""
    return tuple(sorted(path.stem for path in shipped("models").glob("*.json")))


def _find(name_or_path: str | os.PathLike[str]) -> Path:
    given = Path(name_or_path)
    if given.is_dir():
        cards = sorted(given.glob("*.json"))
        if len(cards) != 1:
            raise ModelFileError(f"{given}: a model's folder must hold one card, *.json, found {len(cards)}")
        return cards[0]
    for path in (given, Path(f"{given}.json"), shipped("models", f"{given}.json")):
        if path.is_file() and path.suffix == ".json":
            return path
    names = ", ".join(shipped_models()) or "none"
    raise ModelFileError(
        f"model must be the path of a card or one of those shipped ({names}), got {os.fspath(name_or_path)!r}"
    )


def _read_card(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path}: the card cannot be read: {error}") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ModelFileError(f"{path}: a card must be a JSON object of format {_FORMAT}")
    return content


def _checked(folder: Path, name: str, hashes: Mapping[str, str]) -> bytes:
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ModelFileError(f"{folder / name}: the file cannot be read ({error.strerror})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != hashes[name]:
        raise ModelFileError(f"{folder / name}: sha256 must be {hashes[name]}, got {found}")
    return data


def _make(card: ModelCard) -> nn.Module:
    # The first weights are drawn and thrown away; the caller's random numbers stay as they were.
    with torch.random.fork_rng(devices=[]):
        return make_model(card.architecture, **card.options)


def _language_model(folder: Path, card: ModelCard, content: Mapping[str, Any]) -> WordFusion | None:
    entry = content["language_model"]
    if entry is None:
        return None
    models: dict[str, NGram] = {}
    for part in ("words", "characters"):
        if part in entry:
            _checked(folder, entry[part], content["sha256"])
            models[part] = read_arpa(folder / entry[part])
    return WordFusion(
        Vocabulary(card.symbols),
        models["words"],
        models.get("characters"),
        entry["weight"],
        entry["insertion_bonus"],
    )


def _as_json(card: ModelCard) -> dict[str, Any]:
    return json.loads(json.dumps(dataclasses.asdict(card)))


def _from_json(content: Mapping[str, Any]) -> ModelCard:
    names = [entry.name for entry in dataclasses.fields(ModelCard)]
    values = {name: content[name] for name in names}
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in values["options"].items()}
    made: dict[str, Callable[..., Any]] = {"front_end": FrontEnd, "decoder": DecoderSettings}
    return ModelCard(
        **values
        | {name: maker(**values[name]) for name, maker in made.items()}
        | {"options": options, "symbols": tuple(values["symbols"])}
    )
