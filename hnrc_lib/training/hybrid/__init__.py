"""Hidden Markov models with mixtures of Gaussians, and with a network in their place."""

from hnrc_lib.training.hybrid.acoustic import AcousticModel, ScaledNetwork, log_priors
from hnrc_lib.training.hybrid.alignment import align, padded, stay_probs, uniform_alignment
from hnrc_lib.training.hybrid.config import HybridConfig
from hnrc_lib.training.hybrid.decoding import Scores, decode
from hnrc_lib.training.hybrid.features import Cepstra, features_of
from hnrc_lib.training.hybrid.frames_task import FramesTask
from hnrc_lib.training.hybrid.gmm_hmm import GmmConfig, GmmHmm, train_gmm_hmm
from hnrc_lib.training.hybrid.lexicon import Lexicon, any_words, ngram_pairs, one_word, phones, whole_words
from hnrc_lib.training.hybrid.making import make_frames_task

__all__ = [
    "AcousticModel",
    "Cepstra",
    "FramesTask",
    "GmmConfig",
    "GmmHmm",
    "HybridConfig",
    "Lexicon",
    "ScaledNetwork",
    "Scores",
    "align",
    "any_words",
    "decode",
    "features_of",
    "log_priors",
    "make_frames_task",
    "ngram_pairs",
    "one_word",
    "padded",
    "phones",
    "stay_probs",
    "train_gmm_hmm",
    "uniform_alignment",
    "whole_words",
]
