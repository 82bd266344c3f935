"""AN4 by hidden Markov models of phones: Gaussians, then a network, before and after realignment."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.datasets.an4 import SAMPLE_RATE, load_an4, load_an4_lexicon
from hnrc_lib.experiments.record import Provenance, Record, current_commit, environment
from hnrc_lib.experiments.threads import cpu_threads
from hnrc_lib.models import num_parameters
from hnrc_lib.sequence import NGram
from hnrc_lib.sequence.hmm import StateGraph
from hnrc_lib.sequence.metrics import word_error_rate
from hnrc_lib.training.hybrid import (
    Cepstra,
    FrameNetwork,
    GmmConfig,
    Lexicon,
    NetworkConfig,
    Scores,
    decode,
    features_of,
    hybrid_rounds,
    ngram_pairs,
    phones,
    power_spectra,
    train_gmm_hmm,
    uniform_alignment,
)

NAME = "an4_hybrid"
STAGES = ("gmm", "hybrid", "realigned")  # Gaussians; a network on their alignment; on its own alignment


@dataclass(frozen=True)
class Config:
    """What is trained and on what.

    Attributes:
        gmm_mels: mel bands under the Gaussians' cepstra.
        n_mels: mel bands of the network's features.
        gmm: how mixtures of Gaussians are grown.
        first: the network's training on their alignment.
        second: its further training on its own.
        hidden: channels of the network.
        scales: weights of the language model to choose from, for Gaussians and for networks.
        every: one training speaker in so many is left out, to choose that weight on.
        num_threads: CPU threads.
        seed: of the initial weights.
    """

    gmm_mels: int = 40
    n_mels: int = 32
    gmm: GmmConfig = field(default_factory=lambda: GmmConfig(num_components=8, first_rounds=4, rounds=1))
    first: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            num_epochs=4, batch_size=6, learning_rate=4e-3, frequency_scale=0.1, time_scale=0.1
        )
    )
    second: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            num_epochs=4, batch_size=6, learning_rate=4e-3, frequency_scale=0.1, time_scale=0.1, seed=1
        )
    )
    hidden: int = 80
    scales: tuple[tuple[float, ...], tuple[float, ...]] = ((6.0, 10.0, 14.0), (2.0, 4.0, 6.0))
    every: int = 20
    num_threads: int = 1
    seed: int = 0

    @property
    def front_end(self) -> FrontEnd:
        """The network's features."""
        return FrontEnd(sample_rate=SAMPLE_RATE, n_mels=self.n_mels)

    @property
    def cepstra(self) -> Cepstra:
        """The Gaussians' features."""
        return Cepstra(FrontEnd(sample_rate=SAMPLE_RATE, n_mels=self.gmm_mels, variance=False))


@dataclass(frozen=True, eq=False)
class _Task:
    """What is trained on, and what the weight of the language model is chosen on."""

    config: Config
    lexicon: Lexicon
    language: NGram
    train: Corpus
    chosen_on: Corpus
    test: Corpus

    def recognise(self, stage: str, model: Scores, stay: Tensor, corpus: Corpus, scale: float) -> list[str]:
        """Transcripts of a corpus."""
        extractor = self.config.cepstra if stage == "gmm" else self.config.front_end
        heard = features_of(power_spectra(corpus, self.config.front_end), extractor)
        loop = self.lexicon.loop(ngram_pairs(self.language, self.lexicon.words, scale=scale), stay)
        said = decode(loop, model, heard)
        return [" ".join(self.lexicon.words[word] for word in words) for words in said]

    def graphs(self, stay: Tensor) -> list[StateGraph]:
        """A graph for each training utterance."""
        return [self.lexicon.graph(one.text.split(), stay) for one in self.train]


def run(config: Config | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Record:
    """Train all stages on AN4's training part, recognise its test part.

    The language model is a bigram of the training transcripts, its weight chosen on a few speakers of the
    training part who are left out of everything else. The vocabulary is the dictionary's: words that occur
    in the test part alone can be recognised, through their phones and the bigram's unknown word.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds AN4; the environment variable ``HNRC_DATA_DIR`` when None.

    Returns:
        Record ``an4_hybrid``. Scalars, for each stage ``gmm``, ``hybrid``, ``realigned``: ``wer_…`` on the
        test part with its bootstrap interval, ``wer_…_chosen_on`` on the speakers left out, ``scale_…``.
        Arrays: ``gmm_scores`` (mean log-probability of a frame by alignment), ``loss`` (by epoch).

    Raises:
        FileNotFoundError: AN4 is not there.
    """
    config = config or Config()
    start, cpu_start = time.perf_counter(), time.process_time()
    with cpu_threads(config.num_threads):
        task = _load(config, data_dir)
        scalars, arrays, weights = _train(task)
    scalars |= {
        "num_train": len(task.train),
        "num_chosen_on": len(task.chosen_on),
        "num_test": len(task.test),
        "num_parameters": weights,
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
    }
    return Record(NAME, _provenance(task, weights, scalars["seconds"]), scalars, arrays)


def _load(config: Config, data_dir: str | os.PathLike[str] | None) -> _Task:
    corpus, test = load_an4("train", data_dir=data_dir), load_an4("test", data_dir=data_dir)
    left_out = corpus.speakers[:: config.every]
    train = corpus.where(speaker=[speaker for speaker in corpus.speakers if speaker not in left_out])
    language = NGram.fit([one.text.split() for one in train], 2)
    lexicon = phones(load_an4_lexicon(data_dir))
    return _Task(config, lexicon, language, train, corpus.where(speaker=left_out), test)


def _train(task: _Task) -> tuple[dict[str, Any], dict[str, np.ndarray], int]:
    config, lexicon = task.config, task.lexicon
    spectra = power_spectra(task.train, config.front_end)
    cepstra = features_of(spectra, config.cepstra)
    start = [
        uniform_alignment(lexicon.linear(one.text.split()), len(frames))
        for one, frames in zip(task.train, cepstra, strict=True)
    ]
    gmm = train_gmm_hmm(cepstra, task.graphs, start, lexicon.num_emissions, config.gmm)
    scalars = _measure(task, "gmm", gmm, gmm.stay, config.scales[0])
    network = FrameNetwork(
        config.n_mels,
        lexicon.num_emissions,
        hidden=config.hidden,
        generator=torch.Generator().manual_seed(config.seed),
    )
    rounds = hybrid_rounds(
        network,
        spectra,
        gmm.alignment,
        task.graphs,
        config.front_end,
        lexicon.num_emissions,
        (config.first, config.second),
    )
    scales, losses = config.scales[1], []
    for stage, found in zip(STAGES[1:], rounds, strict=True):
        scalars |= _measure(task, stage, found.model, found.stay, scales)
        scales, scalars["moved"] = (scalars[f"scale_{stage}"],), found.moved
        losses += found.losses
    weights = num_parameters(network)
    return scalars, {"gmm_scores": np.array(gmm.scores), "loss": np.array(losses)}, weights


def _measure(task: _Task, stage: str, model: Scores, stay: Tensor, scales: Sequence[float]) -> dict[str, Any]:
    """Errors on the test part, with the weight that makes fewest on the speakers left out."""
    said = [one.text for one in task.chosen_on]
    tried = {
        scale: word_error_rate(said, task.recognise(stage, model, stay, task.chosen_on, scale)).rate
        for scale in scales
    }
    best = min(tried, key=lambda scale: tried[scale])
    heard = task.recognise(stage, model, stay, task.test, best)
    errors = word_error_rate([one.text for one in task.test], heard)
    return {
        f"wer_{stage}": errors.rate,
        f"wer_{stage}_low": errors.low,
        f"wer_{stage}_high": errors.high,
        f"wer_{stage}_chosen_on": tried[best],
        f"scale_{stage}": best,
        "num_words": errors.reference_length,
    }


def _provenance(task: _Task, weights: int, seconds: float) -> Provenance:
    both = Corpus("AN4", [*task.train, *task.chosen_on, *task.test])
    emissions, gaussians = task.lexicon.num_emissions, task.config.gmm.num_components
    return Provenance(
        corpus=f"AN4, {len(task.train)} utterances trained on, {len(task.test)} tested",
        manifest_sha256=both.manifest_sha256,
        model=f"phone HMMs, {emissions} states of {gaussians} Gaussians; "
        f"convolutional network, {weights:,} parameters",
        versions=environment(),
        device="cpu",
        seed=task.config.seed,
        commit=current_commit(),
        seconds=seconds,
        scale="full",
        config=asdict(task.config),
    )
