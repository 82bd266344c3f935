"""Speech classifiers: features (N, T, F) or (N, F) → logits (N, classes)."""

from hnrc_lib.models.cnn import CNN
from hnrc_lib.models.mlp import MLP, pool_spectrogram

__all__ = ["CNN", "MLP", "pool_spectrogram"]
