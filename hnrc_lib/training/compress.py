"""What a smaller model costs and gives: accuracy, bytes on disk, time per utterance, before and after."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from safetensors.torch import save
from torch import Tensor, nn

from hnrc_lib._shapes import Float, Int


@dataclass(frozen=True)
class Cost:
    """A model in three numbers.

    Attributes:
        accuracy: fraction of the utterances recognised, 0 … 1.
        num_bytes: of its weights as a safetensors file.
        milliseconds: median time of one utterance, on one thread.
    """

    accuracy: float
    num_bytes: int
    milliseconds: float


@dataclass(frozen=True)
class Compression:
    """A model before and after it was made smaller.

    Attributes:
        before: the large model's cost.
        after: the small model's cost.

    >>> done = Compression(Cost(0.98, 4000, 2.0), Cost(0.97, 1000, 1.0))
    >>> done.size_ratio, done.speed_up, round(done.points_lost, 3)
    (0.25, 2.0, 1.0)
    """

    before: Cost
    after: Cost

    @property
    def size_ratio(self) -> float:
        """Bytes after, over bytes before."""
        return self.after.num_bytes / self.before.num_bytes

    @property
    def speed_up(self) -> float:
        """Time before, over time after."""
        return self.before.milliseconds / self.after.milliseconds

    @property
    def points_lost(self) -> float:
        """Accuracy lost, in percentage points; negative when some was gained."""
        return 100 * (self.before.accuracy - self.after.accuracy)


def stored_bytes(tensors: Mapping[str, Tensor]) -> int:
    """Bytes of tensors as a safetensors file, its header included.

    >>> stored_bytes({"w": torch.zeros(100)}) - stored_bytes({"w": torch.zeros(50)})
    200
    """
    return len(save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}))


def measure_cost(
    model: nn.Module,
    features: Float[Tensor, "utterances frames features"],
    labels: Int[Tensor, "utterances"],
    *,
    stored: Mapping[str, Tensor] | None = None,
    repeats: int = 20,
) -> Cost:
    """Accuracy over all utterances, bytes of the weights, time of single utterances on one thread.

    Args:
        model: a classifier, called on (N, T, F); left in the mode it was in.
        features: shape (N, T, F), N ≥ 1.
        labels: shape (N,).
        stored: what is written to disk, where that is not the model's state.
        repeats: utterances timed, one after the other from the first, > 0; one more is run before.

    Raises:
        ValueError: no utterance, or no repeat.
    """
    if not len(labels) or repeats < 1:
        raise ValueError(f"labels and repeats must not be empty, got {len(labels)} and {repeats}")
    training, threads = model.training, torch.get_num_threads()
    model.eval()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            hits = (model(features).argmax(dim=1) == labels).double().mean().item()
            seconds = [_seconds(model, features[index % len(labels)]) for index in range(-1, repeats)]
    finally:
        torch.set_num_threads(threads)
        model.train(training)
    num_bytes = stored_bytes(model.state_dict() if stored is None else stored)
    return Cost(hits, num_bytes, 1000 * statistics.median(seconds[1:]))


def _seconds(model: nn.Module, utterance: Tensor) -> float:
    begun = time.perf_counter()
    model(utterance[None])
    return time.perf_counter() - begun
