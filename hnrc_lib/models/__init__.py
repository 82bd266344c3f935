"""Speech classifiers: features (N, T, F) or (N, F) → logits (N, classes)."""

from hnrc_lib.models.cnn import CNN
from hnrc_lib.models.conv_lstm import ConvLSTM
from hnrc_lib.models.drnn import DRNN
from hnrc_lib.models.frame_network import FrameNetwork
from hnrc_lib.models.graph import GraphNetwork
from hnrc_lib.models.lstm import LSTM
from hnrc_lib.models.mlp import MLP, pool_spectrogram
from hnrc_lib.models.recurrent import GRULayer, LSTMLayer, RNNLayer
from hnrc_lib.models.registry import (
    ARCHITECTURES,
    apply_model,
    make_model,
    num_parameters,
    output_lengths,
)
from hnrc_lib.models.transformer import Transformer

__all__ = [
    "ARCHITECTURES",
    "CNN",
    "DRNN",
    "LSTM",
    "MLP",
    "ConvLSTM",
    "FrameNetwork",
    "GRULayer",
    "GraphNetwork",
    "LSTMLayer",
    "RNNLayer",
    "Transformer",
    "apply_model",
    "make_model",
    "num_parameters",
    "output_lengths",
    "pool_spectrogram",
]
