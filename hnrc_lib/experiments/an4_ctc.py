"""AN4 read letter by letter under CTC, with an n-gram model; both from the training part alone."""

import os
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hnrc_lib.datasets import Corpus
from hnrc_lib.datasets.conditions import add_noise, coloured_noise
from hnrc_lib.experiments.recipe_runs import costs, curves, describe_runs, readings_of, run_folder
from hnrc_lib.experiments.record import Record
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.sequence import Reading, Vocabulary, WordFusion, beam_search, greedy_decode, most_agreed
from hnrc_lib.sequence.metrics import ErrorRate, character_error_rate, word_error_rate
from hnrc_lib.training.engine import RunResult, run_recipe
from hnrc_lib.training.options import Progress, RunOptions, silent
from hnrc_lib.training.recipes import make_recipe
from hnrc_lib.training.tasks import CTCTask

NAME = "an4_ctc"
Symbols = tuple[int, ...]


@dataclass(frozen=True)
class Config:
    """What is trained, and how it is decoded.

    Attributes:
        size: of the recipe ``an4-ctc``.
        order: of the n-gram model of words, estimated on the transcripts of the training part.
        weights: of the model's logarithm that are tried on the validation speakers.
        bonuses: for each word, likewise.
        beam_width: prefixes kept.
        vocal_tracts: factors on the resonances at which the network reads once more, to agree with itself.
        snr_db: ratios of white noise at which the test part is read too, in decibels.
        device: where.
        num_threads: CPU threads.
        seed: of the noise and of the bootstrap.
    """

    size: str = "full"
    order: int = 2
    weights: tuple[float, ...] = (0.3, 0.5, 0.8, 1.1)
    bonuses: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0)
    beam_width: int = 50
    vocal_tracts: tuple[float, ...] = (0.9, 1.0, 1.1)
    snr_db: tuple[float, ...] = (30.0, 20.0, 10.0, 5.0)
    device: str = "cpu"
    num_threads: int = 1
    seed: int = 0


def run(
    config: Config | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Record:
    """Train, choose the language model's weight on the validation speakers, read the test part.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds AN4; the environment variable ``HNRC_DATA_DIR`` when None.
        folder: of the training run, which goes on there if it was cut short; a temporary one when None.
        progress: called after every step; nothing is told when left out.

    Returns:
        Record ``an4_ctc``. Scalars: ``wer_greedy`` and ``cer_greedy`` without a language model,
        ``wer_beam`` and ``cer_beam`` with it, each with its bootstrap interval; the same with ``_agreed``
        for the text that all vocal tracts agree on most; the weight and bonus that the validation speakers
        chose for the plain outputs, costs. Arrays: curves; ``wer_by_length`` over quarters of the test part
        by duration with their ``seconds_by_length``; ``wer_by_snr`` at ``snr_db``.

    Raises:
        FileNotFoundError: AN4 is not there.
    """
    config = config or Config()
    recipe = make_recipe("an4-ctc", config.size)

    with cpu_threads(config.num_threads), run_folder(folder) as where:
        options = RunOptions(data_dir=data_dir, device=config.device, progress=progress)
        result = run_recipe(recipe, where, options)
        scalars, arrays = _read(config, result)
    test = result.parts.test
    corpus = f"AN4, {len(result.parts.train)} training and {len(test)} test utterances"
    provenance = describe_runs(corpus, [result], asdict(config))
    scale = "full" if config.size == "full" else "reduced"
    return Record(NAME, replace(provenance, scale=scale), scalars | costs([result]), arrays | curves(result))


def _read(config: Config, result: RunResult) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    assert isinstance(result.task, CTCTask)
    vocabulary, parts = result.task.vocabulary, result.parts
    fusion, validation_error = choose_fusion(config, result)
    scores, lengths = readings_of(result, parts.test)[0]
    references = [utterance.text for utterance in parts.test]
    heard = _texts(config, scores, lengths, fusion)
    tracts = readings_of(result, parts.test, config.vocal_tracts)
    readings = {
        "greedy": _decoded(vocabulary, _greedy(scores, lengths)),
        "beam": heard,
        "greedy_agreed": _decoded(vocabulary, _agreed(tracts, [_greedy(*tract) for tract in tracts])),
        "beam_agreed": _decoded(
            vocabulary, _agreed(tracts, [_beam(config, *tract, fusion) for tract in tracts], fusion)
        ),
    }
    scalars = {
        "weight": fusion.weight,
        "insertion_bonus": fusion.insertion_bonus,
        "validation_wer_beam": validation_error,
        "num_test": len(references),
        "num_test_words": sum(len(text.split()) for text in references),
    }
    for name, texts in readings.items():
        for unit, rate in (("wer", word_error_rate), ("cer", character_error_rate)):
            scalars |= _interval(f"{unit}_{name}", rate(references, texts, seed=config.seed))
    by_length = _by_length(parts.test, references, heard)
    noisy = []
    for ratio in config.snr_db:
        noised = readings_of(result, _with_noise(parts.test, ratio, config.seed))[0]
        texts = _texts(config, *noised, fusion)
        noisy.append(word_error_rate(references, texts).rate)
    return scalars, by_length | {"snr_db": np.array(config.snr_db), "wer_by_snr": np.array(noisy)}


def choose_fusion(config: Config, result: RunResult) -> tuple[WordFusion, float]:
    """The weight and bonus that validate best, then the model of all transcripts of the training part.

    Args:
        config: what is tried.
        result: of a run of a recipe on AN4, task ``"ctc"``.

    Returns:
        The language model, and the word error rate on the validation speakers that chose its weight.
    """
    assert isinstance(result.task, CTCTask)
    parts, vocabulary = result.parts, result.task.vocabulary
    trained = [utterance.text for utterance in parts.train]
    checked = [utterance.text for utterance in parts.validation]
    scores, lengths = readings_of(result, parts.validation)[0]
    tried = []
    for weight in config.weights:
        for bonus in config.bonuses:
            fusion = WordFusion.fit(
                trained, vocabulary, order=config.order, weight=weight, insertion_bonus=bonus
            )
            error = word_error_rate(checked, _texts(config, scores, lengths, fusion)).rate
            tried.append((error, weight, bonus))
    error, weight, bonus = min(tried)
    chosen = WordFusion.fit(
        trained + checked, vocabulary, order=config.order, weight=weight, insertion_bonus=bonus
    )
    return chosen, error


def _greedy(scores: Tensor, lengths: Tensor) -> list[Symbols]:
    return [path.symbols for path in greedy_decode(scores, lengths)]


def _beam(config: Config, scores: Tensor, lengths: Tensor, fusion: WordFusion) -> list[Symbols]:
    found = beam_search(scores, lengths, beam_width=config.beam_width, language_model=fusion)
    return [best[0].symbols if best else () for best in found]


def _agreed(
    readings: list[Reading], best: list[list[Symbols]], fusion: WordFusion | None = None
) -> list[Symbols]:
    """Of what each reading takes for best, the string that all agree on most."""
    return most_agreed(list(zip(*best, strict=True)), readings, language_model=fusion)


def _decoded(vocabulary: Vocabulary, found: list[Symbols]) -> list[str]:
    return [vocabulary.decode(symbols) for symbols in found]


def _texts(config: Config, scores: Tensor, lengths: Tensor, fusion: WordFusion) -> list[str]:
    return _decoded(fusion.vocabulary, _beam(config, scores, lengths, fusion))


def _interval(name: str, rate: ErrorRate) -> dict[str, float | int]:
    return {
        name: rate.rate,
        f"{name}_low": rate.low,
        f"{name}_high": rate.high,
        f"{name}_substitutions": rate.substitutions,
        f"{name}_deletions": rate.deletions,
        f"{name}_insertions": rate.insertions,
    }


def _by_length(corpus: Corpus, references: list[str], heard: list[str]) -> dict[str, np.ndarray]:
    """Word error rate in quarters of the corpus, the shortest utterances first."""
    quarters = np.array_split(np.argsort([utterance.seconds for utterance in corpus], kind="stable"), 4)
    rates = [word_error_rate([references[i] for i in q], [heard[i] for i in q]).rate for q in quarters]
    seconds = [np.mean([corpus[int(i)].seconds for i in quarter]) for quarter in quarters]
    return {"wer_by_length": np.array(rates), "seconds_by_length": np.array(seconds)}


def _with_noise(corpus: Corpus, snr_db: float, seed: int) -> Corpus:
    generator, noisy = np.random.default_rng(seed), []
    for utterance in corpus:
        samples = utterance.samples.double().numpy()
        noise = coloured_noise(len(samples), 0.0, utterance.sample_rate, generator)
        mixed = torch.from_numpy(add_noise(samples, noise, snr_db)).float()
        noisy.append(replace(utterance, samples=mixed, sha256=""))
    return Corpus(f"{corpus.name} at {snr_db:g} dB", noisy)
