"""A finished run as a recogniser's files."""

import os
from collections.abc import Mapping
from pathlib import Path

from hnrc_lib.recognition import DecoderSettings, ModelCard, save_recognizer
from hnrc_lib.sequence import WordFusion
from hnrc_lib.training.building import model_options
from hnrc_lib.training.engine import RunResult
from hnrc_lib.training.tasks import ClassifyTask, CTCTask


def export_recognizer(
    result: RunResult,
    folder: str | os.PathLike[str],
    *,
    name: str,
    data: str,
    licence: str,
    accuracy: Mapping[str, float],
    limits: str,
    language_model: WordFusion | None = None,
    decoder: DecoderSettings | None = None,
    dtype: str = "float32",
) -> Path:
    """Write a run's model where ``hnrc transcribe`` finds it.

    Args:
        result: of a finished run.
        folder: gets ``NAME.json``, ``NAME.safetensors`` and the language model's files.
        name: of the recogniser.
        data: what it was trained and tested on.
        licence: of the weights.
        accuracy: measured figures by name.
        limits: where it fails.
        language_model: for the beam search of a CTC model.
        decoder: how outputs become text.
        dtype: of the stored weights: ``"float32"``, ``"float16"`` or ``"int8"``.

    Returns:
        Path of the model card.

    Raises:
        ValueError: the run has not finished, the weights are not finite, or the network needs a hidden Markov
            model, for which there is no format.
    """
    if not result.finished:
        raise ValueError("result must be of a finished run, got one that was stopped")
    if isinstance(result.task, CTCTask):
        task, symbols = "ctc", result.task.vocabulary.symbols
    elif isinstance(result.task, ClassifyTask):
        task, symbols = "classify", tuple(str(index) for index in range(result.task.output_size))
    else:
        raise ValueError(f"result must be of task classify or ctc, got {result.recipe.task!r}")
    card = ModelCard(
        name,
        task,
        result.recipe.architecture,
        model_options(result.recipe, result.task),
        result.recipe.front_end,
        symbols,
        data,
        licence,
        accuracy,
        limits,
        decoder or DecoderSettings(),
    )
    return save_recognizer(folder, result.model, card, language_model=language_model, dtype=dtype)
