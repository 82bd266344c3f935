"""A hybrid recogniser's task from a corpus: lexicon, Gaussians trained from a flat start, alignment."""

import warnings
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.sequence.hmm import GaussianMixture, StateGraph
from hnrc_lib.training.checkpoint import Checkpoint, load_newest, save_checkpoint
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.hybrid.acoustic import AcousticModel
from hnrc_lib.training.hybrid.alignment import uniform_alignment
from hnrc_lib.training.hybrid.config import HybridConfig
from hnrc_lib.training.hybrid.features import Cepstra, features_of
from hnrc_lib.training.hybrid.frames_task import FramesTask
from hnrc_lib.training.hybrid.gmm_hmm import GmmHmm, train_gmm_hmm
from hnrc_lib.training.hybrid.lexicon import Lexicon

_MIXTURE = ("weights", "means", "variances")


def make_frames_task(
    config: HybridConfig, front_end: FrontEnd, parts: Parts, folder: Path | None = None
) -> FramesTask:
    """Train Gaussians on the training part, align it with them.

    Args:
        config: of the hidden Markov model.
        front_end: of the network; the Gaussians' cepstra are cut into the same frames.
        parts: of the corpus, with a dictionary where units are phones.
        folder: keeps the Gaussians, so that a run that goes on need not train them again; None keeps nothing.

    Raises:
        ValueError: the front end trims or stretches, so that frames would not be those of the alignment; no
            dictionary; a word that the lexicon lacks; a state that no training utterance visits.
    """
    for name in ("trim_db", "num_frames"):
        if getattr(front_end, name) is not None:
            raise ValueError(
                f"front_end.{name} must be None, as frames are aligned, got {getattr(front_end, name)}"
            )
    lexicon = config.lexicon(parts.train, parts.pronunciations)
    cepstra = Cepstra(replace(front_end, n_mels=config.n_mels, delta_order=0, variance=False))
    gmm = _kept_gaussians(config, cepstra, lexicon, parts.train, folder)
    teacher = AcousticModel(cepstra, gmm, gmm.stay)
    pairs = config.pairs(lexicon, parts.train)
    return FramesTask(lexicon, pairs, teacher, parts.train, config.prior_scale)


def train_gaussians(config: HybridConfig, cepstra: Cepstra, lexicon: Lexicon, train: Corpus) -> GmmHmm:
    """Mixtures of Gaussians from evenly cut utterances; those too short for their texts are left out."""
    heard, said = features_of(train, cepstra), [utterance.text.split() for utterance in train]
    long = [i for i, text in enumerate(said) if len(heard[i]) >= len(lexicon.linear(text))]
    heard, said = [heard[i] for i in long], [tuple(said[i]) for i in long]
    start = [
        uniform_alignment(lexicon.linear(text), len(frames)) for text, frames in zip(said, heard, strict=True)
    ]

    def graphs(stay: Tensor) -> list[StateGraph]:
        known = {text: lexicon.graph(text, stay) for text in set(said)}
        return [known[text] for text in said]

    return train_gmm_hmm(heard, graphs, start, lexicon.num_emissions, config.gmm)


def _kept_gaussians(
    config: HybridConfig, cepstra: Cepstra, lexicon: Lexicon, train: Corpus, folder: Path | None
) -> GmmHmm:
    """Those in the folder where they were trained on these very utterances; else new ones, kept there."""
    if folder is None:
        return train_gaussians(config, cepstra, lexicon, train)
    kept, damaged = load_newest(folder)
    for sentence in damaged:
        warnings.warn(f"{sentence}; the Gaussians are trained again", stacklevel=2)
    if kept is not None and kept.values["train"] == train.manifest_sha256:
        mixture = GaussianMixture(*(kept.tensors[name] for name in _MIXTURE))
        return GmmHmm(mixture, kept.tensors["stay"], [], kept.values["scores"])
    gmm = train_gaussians(config, cepstra, lexicon, train)
    tensors = {name: getattr(gmm.emissions, name) for name in _MIXTURE} | {"stay": gmm.stay}
    save_checkpoint(folder, Checkpoint(0, tensors, {"train": train.manifest_sha256, "scores": gmm.scores}))
    return gmm
