"""What recognisers of digits hear in the same sounds: every answer, and how sure it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus
from hnrc_lib.experiments import digit_weights
from hnrc_lib.experiments.record import load_record
from hnrc_lib.experiments.sweep import shipped_clips
from hnrc_lib.models import CNN
from hnrc_lib.recognition.weights import unpack_weights
from hnrc_lib.training.measures import outputs_by_length
from hnrc_lib.training.resident import ResidentCorpus

_BUDGET = 2**28


@dataclass(frozen=True, eq=False)
class Sounds:
    """Two sets of spoken digits that no recogniser of an experiment was trained on.

    Attributes:
        takes: of the speaker held out.
        clips: of the shipped test voices, which may be played in a page.
    """

    takes: Corpus
    clips: Corpus

    @classmethod
    def beside(cls, takes: Corpus) -> "Sounds":
        """These takes, and the first of every digit by each of the four English test voices."""
        return cls(takes, shipped_clips())

    def answers(self, model: nn.Module, front_end: FrontEnd) -> dict[str, np.ndarray]:
        """What a model answers to all of them.

        Args:
            model: of ten classes.
            front_end: makes its features.

        Returns:
            For PART in ``takes`` and ``clips``, in the corpus's order: ``PART/answer``, the digit heard;
            ``PART/sure``, its probability; ``PART/truth``, that of the digit that was said.
        """
        found = {}
        for part, corpus in (("takes", self.takes), ("clips", self.clips)):
            heard = answers(model, ResidentCorpus(corpus, front_end, "cpu", _BUDGET), corpus)
            found |= {f"{part}/{name}": values for name, values in heard.items()}
        return found

    def facts(self) -> dict[str, Any]:
        """Names and digits, as JSON holds them."""
        parts = {"take": self.takes, "clip": self.clips}
        names = {f"{part}_names": [u.name for u in corpus] for part, corpus in parts.items()}
        return names | {f"{part}_digits": list(corpus.labels) for part, corpus in parts.items()}


@torch.no_grad()
def answers(model: nn.Module, resident: ResidentCorpus, corpus: Corpus) -> dict[str, np.ndarray]:
    """What a model answers to every utterance, in the corpus's order.

    Args:
        model: of ten classes; its mode is as before when this returns.
        resident: the utterances.
        corpus: the same, with labels.

    Returns:
        ``answer``, the digit heard, ``sure``, its probability, and ``truth``, that of the digit said.
    """
    said = torch.tensor(corpus.labels)
    chances = torch.empty(len(corpus), 10)
    for chosen, logits, _ in outputs_by_length(model, resident):
        chances[chosen] = logits.float().softmax(dim=1)
    sure, answer = chances.max(dim=1)
    return {
        "answer": answer.numpy().astype(np.int8),
        "sure": sure.numpy().astype(np.float16),
        "truth": chances.gather(1, said[:, None])[:, 0].numpy().astype(np.float16),
    }


def answers_of_weights(takes: Corpus) -> dict[str, np.ndarray]:
    """What the three sets of ``digit_weights``, rounded to eight bits, answer to the takes, shape (3, N).

    Args:
        takes: utterances with labels.
    """
    record = load_record(digit_weights.NAME)
    described: Mapping[str, Any] = record.provenance.config
    front_end = FrontEnd(**described["recipe"]["front_end"])
    resident = ResidentCorpus(takes, front_end, "cpu", _BUDGET)
    found = []
    for name in digit_weights.METHODS:
        model = _small_network(described, front_end)
        prefix = f"{name}/weights/"
        stored: dict[str, Tensor] = {
            key.removeprefix(prefix): torch.from_numpy(np.array(value))
            for key, value in record.arrays.items()
            if key.startswith(prefix)
        }
        model.load_state_dict(unpack_weights(stored, model.state_dict()))
        found.append(answers(model, resident, takes))
    return {key: np.stack([one[key] for one in found]) for key in found[0]}


def _small_network(described: Mapping[str, Any], front_end: FrontEnd) -> CNN:
    return CNN(
        front_end.num_features,
        described["recipe"]["front_end"]["num_frames"],
        digit_weights.NUM_CLASSES,
        channels=tuple(described["channels"]),
        hidden=described["hidden"],
        num_groups=1 + front_end.delta_order,
    )
