"""Clipping of gradients and steps: rules, and how to attach them to any optimiser."""

from hnrc_lib.optim.clipping.adaptive import ClipAdaptive, clip_adaptive
from hnrc_lib.optim.clipping.attach import AttachedClipping, clip_gradients, clip_steps
from hnrc_lib.optim.clipping.by_global_norm import ClipByGlobalNorm, clip_by_global_norm
from hnrc_lib.optim.clipping.by_layer_norm import ClipByLayerNorm, clip_by_layer_norm
from hnrc_lib.optim.clipping.by_quantile import ClipByQuantile, clip_by_quantile
from hnrc_lib.optim.clipping.by_value import ClipByValue, clip_by_value, input_dimension_bound
from hnrc_lib.optim.clipping.make import CLIPPING_RULES, make_clipping
from hnrc_lib.optim.clipping.rank_one import ClipRankOne, clip_rank_one
from hnrc_lib.optim.clipping.report import ClipReport
from hnrc_lib.optim.clipping.root import ClipRoot, clip_root
from hnrc_lib.optim.clipping.rule import ClippingRule

__all__ = [
    "CLIPPING_RULES",
    "AttachedClipping",
    "ClipAdaptive",
    "ClipByGlobalNorm",
    "ClipByLayerNorm",
    "ClipByQuantile",
    "ClipByValue",
    "ClipRankOne",
    "ClipReport",
    "ClipRoot",
    "ClippingRule",
    "clip_adaptive",
    "clip_by_global_norm",
    "clip_by_layer_norm",
    "clip_by_quantile",
    "clip_by_value",
    "clip_gradients",
    "clip_rank_one",
    "clip_root",
    "clip_steps",
    "input_dimension_bound",
    "make_clipping",
]
