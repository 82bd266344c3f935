"""Speech classifiers: features (N, T, F) or (N, F) → logits (N, classes)."""

from hnrc_lib.models.cnn import CNN
from hnrc_lib.models.conv_lstm import ConvLSTM
from hnrc_lib.models.drnn import DRNN
from hnrc_lib.models.lstm import LSTM
from hnrc_lib.models.mlp import MLP, pool_spectrogram
from hnrc_lib.models.recurrent import GRULayer, LSTMLayer, RNNLayer
from hnrc_lib.models.registry import ARCHITECTURES, apply_model, make_model, output_lengths

__all__ = [
    "ARCHITECTURES",
    "CNN",
    "DRNN",
    "LSTM",
    "MLP",
    "ConvLSTM",
    "GRULayer",
    "LSTMLayer",
    "RNNLayer",
    "apply_model",
    "make_model",
    "output_lengths",
    "pool_spectrogram",
]
