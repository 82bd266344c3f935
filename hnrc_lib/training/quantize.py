"""What weights in eight bits cost and give: a quarter of the bytes, decoded when the model is loaded."""

import copy

from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int
from hnrc_lib.recognition.weights import pack_weights, unpack_weights
from hnrc_lib.training.compress import Compression, measure_cost


def quantize(
    model: nn.Module,
    features: Float[Tensor, "utterances frames features"],
    labels: Int[Tensor, "utterances"],
    *,
    repeats: int = 20,
) -> tuple[nn.Module, Compression]:
    """A copy of a classifier with its weights rounded to eight bits, and what that cost and gave.

    The copy computes in floating point with the rounded weights, so it is smaller on disk, not faster.

    Args:
        model: a trained classifier, called on (N, T, F).
        features: to measure on, shape (N, T, F).
        labels: shape (N,).
        repeats: utterances timed.

    Raises:
        ValueError: a weight is not finite, or there is nothing to measure on.
    """
    state = model.state_dict()
    stored = pack_weights(state, "int8")
    rounded = copy.deepcopy(model)
    rounded.load_state_dict(unpack_weights(stored, state))
    before = measure_cost(model, features, labels, repeats=repeats)
    after = measure_cost(rounded, features, labels, stored=stored, repeats=repeats)
    return rounded, Compression(before, after)
