"""Recurrent layers with torch's weights: its kernel for one derivative, our sweeps for two."""

from hnrc_lib.models.recurrent.layers import GRULayer, LSTMLayer, RecurrentLayer, RNNLayer
from hnrc_lib.models.recurrent.stock import run_recurrent

__all__ = ["GRULayer", "LSTMLayer", "RNNLayer", "RecurrentLayer", "run_recurrent"]
