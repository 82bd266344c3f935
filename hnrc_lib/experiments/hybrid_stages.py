"""What experiments with hybrid recognisers share: Gaussians, a network on their alignment, one on its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from hnrc_lib.datasets import Corpus
from hnrc_lib.sequence.hmm import PairScores
from hnrc_lib.training.engine import RunResult
from hnrc_lib.training.hybrid import AcousticModel, FramesTask, Lexicon
from hnrc_lib.training.rounds import share_moved

STAGES = ("gmm", "hybrid", "realigned")


@dataclass(frozen=True, eq=False)
class Stage:
    """A recogniser at one point of the training.

    Attributes:
        name: one of ``STAGES``.
        acoustic: scores of emissions.
        lexicon: its words.
        pairs: what may follow what.
    """

    name: str
    acoustic: AcousticModel
    lexicon: Lexicon
    pairs: PairScores

    def recognise(self, corpus: Corpus, pairs: PairScores | None = None) -> list[str]:
        """What every utterance says, under other scores of word pairs where these are given."""
        return self.acoustic.recognise(corpus, self.lexicon, pairs or self.pairs)


def stages_of(rounds: Sequence[RunResult]) -> tuple[list[Stage], float]:
    """The stages of two rounds, and the share of training frames that realignment moved."""
    tasks = [result.task for result in rounds]
    first, second = (task for task in tasks if isinstance(task, FramesTask))
    models = [first.teacher] + [
        task.hybrid(result.model, result.recipe.front_end)
        for task, result in zip((first, second), rounds, strict=True)
    ]
    stages = [
        Stage(name, model, first.lexicon, first.pairs) for name, model in zip(STAGES, models, strict=True)
    ]
    return stages, share_moved(first, second, rounds[0])
