"""Recurrent layers with torch's weights: its kernel for one derivative, our sweeps for two."""

from hnrc_lib.models.recurrent.layers import GRULayer, LSTMLayer, RNNLayer

__all__ = ["GRULayer", "LSTMLayer", "RNNLayer"]
