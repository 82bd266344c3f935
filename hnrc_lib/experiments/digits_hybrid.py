"""Spoken digits by hidden Markov models: mixtures of Gaussians, then a network, before and after realignment.

Every speaker of FSDD is held out in turn: isolated digits, and strings of them joined to connected speech.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus, leave_one_speaker_out, load_fsdd
from hnrc_lib.datasets.connected import connect_digits
from hnrc_lib.datasets.digits_plan import WORDS
from hnrc_lib.datasets.fsdd import SAMPLE_RATE, SPEAKERS
from hnrc_lib.experiments.record import Provenance, Record, current_commit, environment
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import num_parameters
from hnrc_lib.sequence.hmm import StateGraph
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training import confusion_matrix, wilson_interval
from hnrc_lib.training.hybrid import (
    Cepstra,
    FrameNetwork,
    GmmConfig,
    Lexicon,
    NetworkConfig,
    Scores,
    any_words,
    decode,
    features_of,
    hybrid_rounds,
    one_word,
    power_spectra,
    train_gmm_hmm,
    uniform_alignment,
    whole_words,
)

NAME = "digits_hybrid"
DIGITS = WORDS["en"]
STAGES = ("gmm", "hybrid", "realigned")  # Gaussians; a network on their alignment; on its own alignment
_HOP = 0.015  # seconds: coarser than usual, for a third less to compute


@dataclass(frozen=True)
class Config:
    """What is trained and on what.

    Attributes:
        num_states: states of each digit's model.
        gmm_mels: mel bands under the Gaussians' cepstra.
        n_mels: mel bands of the network's features; few, so that the pitch of the voice leaves no trace.
        dynamic_range_db: how far below an utterance's greatest energy all models hear. Speakers of FSDD
            differ more in room and silence than in voice.
        gmm: how mixtures of Gaussians are grown.
        first: the network's training on their alignment.
        second: its further training on its own.
        hidden: channels of the network.
        dilations: of its convolutions in time.
        num_strings: strings of each held-out speaker to recognise.
        num_train_strings: strings of the others to train on, beside every second isolated take.
        insertion: log-score of each word of a string.
        num_threads: CPU threads.
        seed: of the initial weights and the strings.
    """

    num_states: int = 7
    gmm_mels: int = 26
    n_mels: int = 24
    dynamic_range_db: float | None = 40.0
    gmm: GmmConfig = field(default_factory=lambda: GmmConfig(num_components=4, first_rounds=3, rounds=1))
    first: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            num_epochs=6, batch_size=8, learning_rate=4e-3, frequency_scale=0.25, frequency_masks=2
        )
    )
    second: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            num_epochs=4, batch_size=8, learning_rate=4e-3, frequency_scale=0.25, frequency_masks=2, seed=1
        )
    )
    hidden: int = 64
    dilations: tuple[int, ...] = (1, 2, 4)
    num_strings: int = 60
    num_train_strings: int = 150
    insertion: float = -10.0
    num_threads: int = 1
    seed: int = 0

    @property
    def front_end(self) -> FrontEnd:
        """The network's features."""
        # Unit variance would make a feature of how much an utterance is silent.
        return FrontEnd(
            sample_rate=SAMPLE_RATE,
            n_mels=self.n_mels,
            variance=False,
            hop_seconds=_HOP,
            dynamic_range_db=self.dynamic_range_db,
        )

    @property
    def cepstra(self) -> Cepstra:
        """The Gaussians' features."""
        return Cepstra(
            FrontEnd(
                sample_rate=SAMPLE_RATE,
                n_mels=self.gmm_mels,
                variance=False,
                hop_seconds=_HOP,
                dynamic_range_db=self.dynamic_range_db,
            )
        )


def train_stages(
    config: Config, train: Corpus, lexicon: Lexicon, evaluate: Callable[[str, Scores, Tensor], None]
) -> float:
    """Train all stages on labelled words and hand each to ``evaluate`` as soon as it is trained.

    Args:
        config: how.
        train: isolated words and strings of them.
        lexicon: of its words.
        evaluate: told the stage's name, its scores and its probabilities of staying.

    Returns:
        Share of the training frames that realignment moves.
    """
    front_end, texts = config.front_end, [utterance.text.split() for utterance in train]
    spectra = power_spectra(train, front_end)
    cepstra = features_of(spectra, config.cepstra)
    start = [
        uniform_alignment(lexicon.linear(text), len(frames))
        for text, frames in zip(texts, cepstra, strict=True)
    ]

    def graphs(stay: Tensor) -> list[StateGraph]:
        known = {text: lexicon.graph(text, stay) for text in set(map(tuple, texts))}
        return [known[tuple(text)] for text in texts]

    gmm = train_gmm_hmm(cepstra, graphs, start, lexicon.num_emissions, config.gmm)
    evaluate("gmm", gmm, gmm.stay)
    generator = torch.Generator().manual_seed(config.seed)
    network = FrameNetwork(
        config.n_mels,
        lexicon.num_emissions,
        hidden=config.hidden,
        dilations=config.dilations,
        generator=generator,
    )
    rounds = hybrid_rounds(
        network,
        spectra,
        gmm.alignment,
        graphs,
        front_end,
        lexicon.num_emissions,
        (config.first, config.second),
    )
    moved = 0.0
    for stage, found in zip(STAGES[1:], rounds, strict=True):
        evaluate(stage, found.model, found.stay)
        moved = found.moved
    return moved


@dataclass(eq=False)
class _Results:
    """What each stage heard, speaker after speaker."""

    labels: list[int] = field(default_factory=list)
    digits: dict[str, list[int]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    accuracy: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    references: list[str] = field(default_factory=list)
    strings: dict[str, list[str]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    moved: list[float] = field(default_factory=list)


def run(config: Config | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Record:
    """Hold out every speaker in turn, train all stages on the others, recognise that one.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD; the environment variable ``HNRC_DATA_DIR`` when None.

    Returns:
        Record ``digits_hybrid``. Scalars, for each stage ``gmm``, ``hybrid``, ``realigned``: ``accuracy_…``
        on isolated digits, the mean over the speakers; ``accuracy_…_low``, ``…_high``, Wilson's interval over
        all utterances; ``wer_…`` of connected digits over all strings, with its bootstrap interval. Arrays:
        ``accuracy`` (stage, speaker), ``confusion`` (stage, true digit, digit found), ``moved`` (share of
        training frames that realignment moves, by speaker).

    Raises:
        FileNotFoundError: FSDD is not there.
    """
    config = config or Config()
    start, cpu_start = time.perf_counter(), time.process_time()
    results = _Results()
    with cpu_threads(config.num_threads):
        corpus = load_fsdd(data_dir=data_dir)
        for speaker in corpus.speakers:
            _hold_out(config, corpus, speaker, results)
    scalars, arrays = _summary(results)
    scalars |= {"speakers": list(corpus.speakers)}
    scalars["seconds"] = round(time.perf_counter() - start, 2)
    scalars["cpu_seconds"] = round(time.process_time() - cpu_start, 2)
    return Record(NAME, _provenance(config, corpus, scalars["seconds"]), scalars, arrays)


def _hold_out(config: Config, corpus: Corpus, speaker: str, results: _Results) -> None:
    train, held_out = leave_one_speaker_out(corpus, speaker)
    lexicon = whole_words(DIGITS, num_states=config.num_states)
    strings = _strings(config, held_out, config.num_strings)
    isolated, connected = power_spectra(held_out, config.front_end), power_spectra(strings, config.front_end)
    results.labels += [label for label in held_out.labels if label is not None]
    results.references += [utterance.text for utterance in strings]
    labels = list(held_out.labels)

    def evaluate(stage: str, model: Scores, stay: Tensor) -> None:
        extractor = config.cepstra if stage == "gmm" else config.front_end
        once = lexicon.loop(one_word(len(DIGITS)), stay)
        heard = decode(once, model, features_of(isolated, extractor))
        digits = [words[0] if words else -1 for words in heard]
        results.digits[stage] += digits
        results.accuracy[stage].append(sum(a == b for a, b in zip(digits, labels, strict=True)) / len(labels))
        often = lexicon.loop(any_words(len(DIGITS), insertion=config.insertion), stay)
        heard = decode(often, model, features_of(connected, extractor))
        results.strings[stage] += [" ".join(DIGITS[word] for word in words) for words in heard]

    extra = _strings(config, train, config.num_train_strings)
    # Takes of one speaker are much alike: every second one leaves time for strings.
    mixed = Corpus(f"{train.name} and strings", [*train[::2], *extra])
    results.moved.append(train_stages(config, mixed, lexicon, evaluate))


def _strings(config: Config, corpus: Corpus, count: int) -> Corpus:
    return connect_digits(corpus, num_strings=count, seed=config.seed)


def _summary(results: _Results) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    labels = torch.tensor(results.labels)
    scalars: dict[str, Any] = {"num_isolated": len(labels), "num_strings": len(results.references)}
    confusions = []
    for stage in STAGES:
        found = torch.tensor(results.digits[stage])
        low, high = wilson_interval(int((found == labels).sum()), len(labels))
        errors = word_error_rate(results.references, results.strings[stage])
        scalars |= {
            f"accuracy_{stage}": float(np.mean(results.accuracy[stage])),
            f"accuracy_{stage}_low": low,
            f"accuracy_{stage}_high": high,
            f"wer_{stage}": errors.rate,
            f"wer_{stage}_low": errors.low,
            f"wer_{stage}_high": errors.high,
        }
        confusions.append(confusion_matrix(labels, found.clamp(min=0), len(DIGITS)).numpy())
    arrays = {
        "accuracy": np.array([results.accuracy[stage] for stage in STAGES]),
        "confusion": np.stack(confusions),
        "moved": np.array(results.moved),
    }
    return scalars, arrays


def _provenance(config: Config, corpus: Corpus, seconds: float) -> Provenance:
    emissions = whole_words(DIGITS, num_states=config.num_states).num_emissions
    network = FrameNetwork(config.n_mels, emissions, hidden=config.hidden, dilations=config.dilations)
    weights = num_parameters(network)
    voices = f"{len(corpus.speakers)} of {len(SPEAKERS)} speakers, each held out in turn"
    return Provenance(
        corpus=f"FSDD, {len(corpus)} utterances, {voices}; strings joined from them",
        manifest_sha256=corpus.manifest_sha256,
        model=f"whole-word HMMs, {emissions} states; convolutional network, {weights:,} parameters",
        versions=environment(),
        device="cpu",
        seed=config.seed,
        commit=current_commit(),
        seconds=seconds,
        scale="full",
        config=asdict(config),
    )
