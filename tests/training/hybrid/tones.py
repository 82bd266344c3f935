"""A tiny language: three words, each a string of tones, said by several voices with silence around."""

import torch

from hnrc_lib.datasets import Corpus, Utterance

WORDS = ("up", "down", "level")
SAMPLE_RATE = 8000
_HERTZ = {"up": (500, 1500, 2800), "down": (2800, 1500, 500), "level": (1000, 2200, 1000)}


def said(words, seed):
    """Waveform of some words: every tone lasts about 80 ms, silences 60 ms."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low, high):
        return low + (high - low) * float(torch.rand((), generator=generator))

    pitch, pieces = draw(0.95, 1.05), [torch.zeros(480)]
    for word in words:
        for hertz in _HERTZ[word]:
            time = torch.arange(int(draw(500, 800))) / SAMPLE_RATE
            pieces.append(torch.sin(2 * torch.pi * hertz * pitch * time))
        pieces.append(torch.zeros(480))
    samples = torch.cat(pieces)
    return 0.3 * samples + 0.003 * torch.randn(len(samples), generator=generator)


def corpus(sentences, seed=0):
    """One utterance for each sentence."""
    utterances = [
        Utterance(said(words, seed + k), SAMPLE_RATE, "ann", "en", " ".join(words), None, f"{k}")
        for k, words in enumerate(sentences)
    ]
    return Corpus("tones", utterances)
