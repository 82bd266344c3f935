"""Two trellises of real speech: a digit under Gaussian hidden Markov models, a word under CTC."""

import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from hnrc_lib._shapes import Float
from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus, Utterance, load_an4, load_fsdd
from hnrc_lib.experiments.record import Record, provenance_here
from hnrc_lib.models import num_parameters
from hnrc_lib.recognition import ModelFiles, load_model_files
from hnrc_lib.recognition.hearing import apply_to_samples
from hnrc_lib.sequence.hmm import (
    HMM,
    GaussianMixture,
    baum_welch,
    gaussian_from_alignment,
    left_to_right,
)
from hnrc_lib.training.hybrid import Cepstra, features_of

NAME = "trellis"
NUM_DIGITS = 10


@dataclass(frozen=True)
class Config:
    """Which recordings, and which models hear them.

    Attributes:
        speaker: of FSDD, whom the digits' models never heard.
        digit: of that speaker, by the name of its recording.
        utterance: of AN4's test part, by name.
        model: a shipped CTC recogniser, or the path of one.
        num_states: of each digit's model.
        stay: probability of another frame in the same state, before training.
        skip: share of the moves that leave out a state, before training.
        num_steps: of Baum–Welch.
        variance_floor: least variance of a feature, whose variance over an utterance is 1.
        hop_seconds: step between the digit's frames.
        n_mels: bands of the digit's spectrogram.
        seed: of nothing: both models are determined by their data.
    """

    speaker: str = "jackson"
    digit: str = "2_jackson_0"
    utterance: str = "cen3-mjwl-b"
    model: str = "an4"
    num_states: int = 8
    stay: float = 0.7
    skip: float = 0.1
    num_steps: int = 8
    variance_floor: float = 0.05
    hop_seconds: float = 0.015
    n_mels: int = 26
    seed: int = 0


@dataclass(frozen=True, eq=False)
class DigitModels:
    """A hidden Markov model and its Gaussians for each digit."""

    models: list[tuple[HMM, GaussianMixture]]

    def scores(self, features: Float[Tensor, "frames features"]) -> Float[Tensor, "digits frames states"]:
        """log b_s(x_t) under every digit's Gaussians."""
        return torch.stack([emissions.log_prob(features) for _, emissions in self.models])

    def log_likelihoods(self, features: Float[Tensor, "frames features"]) -> Float[Tensor, " digits"]:
        """log P(x) under every digit's model."""
        scores = self.scores(features)
        return torch.cat(
            [hmm.log_likelihood(one.unsqueeze(0)) for (hmm, _), one in zip(self.models, scores, strict=True)]
        )


def run(config: Config | None = None, *, data_dir: str | os.PathLike[str] | None = None) -> Record:
    """Train a model of every digit by Baum–Welch, and let both models hear one recording each.

    Args:
        config: the recorded experiment when None.
        data_dir: folder that holds FSDD and AN4; the environment variable ``HNRC_DATA_DIR`` when None.

    Returns:
        Record ``trellis``. Arrays: ``hmm_scores`` (digits, T, S), log b_s(x_t) of the recorded digit under
        every digit's Gaussians; ``hmm_initial`` (digits, S), ``hmm_transitions`` (digits, S, S),
        ``hmm_final`` (digits, S); ``hmm_bands`` (T, bands), its log-mel energies; ``ctc_logits`` (T′, C);
        ``ctc_bands``. Scalars: what was said, ``symbols`` of the CTC model without the blank,
        ``hmm_accuracy`` on all takes of the speaker, seconds per frame.

    Raises:
        FileNotFoundError: FSDD or AN4 is not there.
        ValueError: no such speaker or recording.
    """
    config = config or Config()
    start = time.perf_counter()
    fsdd = load_fsdd(data_dir=data_dir)
    digit = _one(fsdd.where(speaker=config.speaker), "digit", config.digit)
    said = _one(load_an4("test", data_dir=data_dir), "utterance", config.utterance)
    hmm_scalars, hmm_arrays, trained = _hmm_part(config, fsdd, digit)
    files = load_model_files(config.model)
    ctc_scalars, ctc_arrays = _ctc_part(files, said)
    card = files.card
    model = (
        f"{NUM_DIGITS} hidden Markov models of {config.num_states} Gaussian states; "
        f"{card.architecture} {card.name}, {num_parameters(files.model):,} parameters"
    )
    provenance = provenance_here(
        config,
        corpus=f"FSDD {digit.name} (trained on {trained} utterances of others) and AN4 {said.name}",
        manifest_sha256=f"{digit.sha256} {said.sha256}",
        model=model,
        seed=config.seed,
        seconds=time.perf_counter() - start,
    )
    return Record(NAME, provenance, hmm_scalars | ctc_scalars, hmm_arrays | ctc_arrays)


def train_digits(
    config: Config, features: list[Float[Tensor, "_ features"]], labels: list[int]
) -> DigitModels:
    """A left-to-right model of every digit, from utterances cut evenly, by Baum–Welch.

    Args:
        config: sizes and steps.
        features: of every utterance, float64.
        labels: digit of each; every digit occurs.
    """
    models = []
    for digit in range(NUM_DIGITS):
        own = [one for one, label in zip(features, labels, strict=True) if label == digit]
        if not own:
            raise ValueError(f"labels must hold every digit, got no {digit}")
        hot = torch.cat([_evenly(len(one), config.num_states) for one in own])
        start = gaussian_from_alignment(torch.cat(own), hot, variance_floor=config.variance_floor)
        graph = left_to_right(range(config.num_states), stay=config.stay, skip=config.skip)
        made = baum_welch(
            HMM(graph.initial_probs, graph.transition_matrix, graph.final_probs),
            start,
            pad_sequence(own, batch_first=True),
            torch.tensor([len(one) for one in own]),
            num_steps=config.num_steps,
            variance_floor=config.variance_floor,
        )
        models.append((made.hmm, made.emissions))
    return DigitModels(models)


def _evenly(frames: int, states: int) -> Float[Tensor, "frames states"]:
    """Each frame's state as 0 and 1, the states cut from it evenly."""
    index = torch.arange(frames) * states // frames
    return torch.nn.functional.one_hot(index, states).double()


def _hmm_part(
    config: Config, fsdd: Corpus, digit: Utterance
) -> tuple[dict[str, Any], dict[str, np.ndarray], int]:
    front_end = FrontEnd(
        digit.sample_rate,
        n_mels=config.n_mels,
        variance=False,
        hop_seconds=config.hop_seconds,
        dynamic_range_db=40.0,
        trim_db=25.0,
    )
    cepstra = Cepstra(front_end)
    others = fsdd.where(speaker=[who for who in fsdd.speakers if who != config.speaker])
    own = fsdd.where(speaker=config.speaker)
    features = [one.double() for one in features_of(others, cepstra)]
    digits = train_digits(config, features, [u.label for u in others if u.label is not None])
    heard = [digits.log_likelihoods(one.double()) for one in features_of(own, cepstra)]
    right = [int(found.argmax()) == u.label for found, u in zip(heard, own, strict=True)]
    one = Corpus("the digit", [digit])
    (chosen,), (bands,) = features_of(one, cepstra), features_of(one, front_end)
    parts = [
        (hmm.initial_probs, hmm.transition_matrix, hmm.final_probs)
        for hmm, _ in digits.models
        if hmm.final_probs is not None
    ]
    initial, transitions, final = (torch.stack(column).numpy() for column in zip(*parts, strict=True))
    scores = digits.scores(chosen.double())
    scalars = {
        "hmm_label": digit.label,
        "hmm_accuracy": sum(right) / len(right),
        "hmm_num_tested": len(right),
        "hmm_frame_seconds": config.hop_seconds,
    }
    arrays = {
        "hmm_scores": scores.numpy().astype(np.float32),
        "hmm_initial": initial,
        "hmm_transitions": transitions,
        "hmm_final": final,
        "hmm_bands": bands.numpy().astype(np.float16),
    }
    return scalars, arrays, len(others)


def _ctc_part(files: ModelFiles, said: Utterance) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    front_end = files.card.front_end
    logits, frames = apply_to_samples(files, said.samples)
    bands, _ = front_end(said.samples.unsqueeze(0), torch.tensor([len(said.samples)]))
    step = round(frames / logits.shape[1])
    scalars = {
        "ctc_text": said.text,
        "ctc_frame_seconds": step * front_end.hop_seconds,
        "ctc_band_step": step,
        "symbols": "".join(files.card.symbols),
    }
    arrays = {
        "ctc_logits": logits[0].numpy().astype(np.float32),
        "ctc_bands": bands[0].numpy().astype(np.float16),
    }
    return scalars, arrays


def _one(corpus: Corpus, argument: str, name: str) -> Utterance:
    for utterance in corpus:
        if utterance.name == name:
            return utterance
    raise ValueError(f"{argument} must name a recording of {corpus.name}, got {name!r}")
