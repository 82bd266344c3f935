"""Hidden Markov models with mixtures of Gaussians, and with a network in their place."""

from hnrc_lib.training.hybrid.alignment import align, padded, stay_probs, uniform_alignment
from hnrc_lib.training.hybrid.decoding import Scores, decode
from hnrc_lib.training.hybrid.features import Cepstra, features_of, power_spectra
from hnrc_lib.training.hybrid.frame_network import FrameNetwork
from hnrc_lib.training.hybrid.gmm_hmm import GmmConfig, GmmHmm, train_gmm_hmm
from hnrc_lib.training.hybrid.lexicon import Lexicon, any_words, ngram_pairs, one_word, phones, whole_words
from hnrc_lib.training.hybrid.network_training import NetworkConfig, ScaledNetwork, log_priors, train_network
from hnrc_lib.training.hybrid.rounds import HybridRound, hybrid_rounds

__all__ = [
    "Cepstra",
    "FrameNetwork",
    "GmmConfig",
    "GmmHmm",
    "HybridRound",
    "Lexicon",
    "NetworkConfig",
    "ScaledNetwork",
    "Scores",
    "align",
    "any_words",
    "decode",
    "features_of",
    "hybrid_rounds",
    "log_priors",
    "ngram_pairs",
    "one_word",
    "padded",
    "phones",
    "power_spectra",
    "stay_probs",
    "train_gmm_hmm",
    "train_network",
    "uniform_alignment",
    "whole_words",
]
