"""A corpus of tones that a tiny model learns in a second: what engine tests train on."""

import torch

from hnrc_lib.audio import FrontEnd
from hnrc_lib.datasets import Corpus, Utterance
from hnrc_lib.training.augmentation import Augmentation
from hnrc_lib.training.corpora import Parts
from hnrc_lib.training.recipe import Recipe

RATE = 8000
WORDS = ("low", "mid", "high")
HERTZ = (300.0, 900.0, 2400.0)


def tone(hertz: float, seconds: float, generator: torch.Generator) -> torch.Tensor:
    time = torch.arange(round(seconds * RATE)) / RATE
    shift = 1 + 0.1 * (2 * torch.rand((), generator=generator) - 1)
    return 0.3 * torch.sin(6.2832 * hertz * shift * time) + 0.01 * torch.randn(len(time), generator=generator)


def words(count: int, seed: int) -> Corpus:
    """One tone each, labelled."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for index in range(count):
        label = index % 3
        seconds = 0.2 + 0.2 * float(torch.rand((), generator=generator))
        samples = tone(HERTZ[label], seconds, generator)
        made.append(Utterance(samples, RATE, f"s{index % 4}", "en", WORDS[label], label, f"{seed}_{index}"))
    return Corpus(f"tones {seed}", made)


def sentences(count: int, seed: int) -> Corpus:
    """One to four tones in a row, with their words."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for index in range(count):
        labels = torch.randint(3, (1 + index % 4,), generator=generator).tolist()
        pieces = [tone(HERTZ[label], 0.15, generator) for label in labels]
        text = " ".join(WORDS[label] for label in labels)
        gap = torch.zeros(400)
        samples = torch.cat([part for piece in pieces for part in (gap, piece)])
        made.append(Utterance(samples, RATE, "s", "en", text, None, f"{seed}_{index}"))
    return Corpus(f"rows of tones {seed}", made)


def word_parts() -> Parts:
    return Parts(words(24, 1), words(9, 2), words(9, 3))


def sentence_parts() -> Parts:
    return Parts(sentences(24, 1), sentences(8, 2), sentences(8, 3))


def word_recipe(**changes) -> Recipe:
    settings = {
        "model": {"hidden_size": 8, "pooling": "mean"},
        "augmentation": Augmentation(speed=0.1, noise_probability=0.5, frequency_masks=1, time_masks=1),
        "batch_size": 8,
        "max_epochs": 3,
        "average_last": 1,
        "learning_rate": 0.05,
    }
    return Recipe(
        "tones", "quick", "none", "classify", "LSTM", FrontEnd(RATE, n_mels=10), **settings | changes
    )


def sentence_recipe(**changes) -> Recipe:
    settings = {
        "model": {"hidden_size": 8, "num_layers": 1, "channels": 4, "subsampling": 2, "dropout": 0.1},
        "batch_size": 8,
        "max_epochs": 3,
        "learning_rate": 0.05,
    }
    front_end = FrontEnd(RATE, n_mels=10)
    return Recipe("rows", "quick", "none", "ctc-words", "ConvLSTM", front_end, **settings | changes)


def plain_recipe() -> Recipe:
    """Nothing that draws by process: two processes must equal one."""
    return word_recipe(max_epochs=2, average_last=0)


def odd_parts() -> Parts:
    """Batches of 8, 8 and 1: in the last one process has nothing to do."""
    return Parts(words(17, 1), words(9, 2), words(9, 3))
