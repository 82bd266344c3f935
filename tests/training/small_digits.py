"""English shipped digits as small spectrograms, and a classifier trained on them in a second or two."""

from functools import cache

import torch
from torch.nn import functional

from hnrc_lib.datasets import load_digits, spectrograms
from hnrc_lib.models import CNN


@cache
def digits(split):
    features, labels = spectrograms(load_digits(split, language="en"), num_frames=20, n_mels=20)
    return features / 4, labels


def network(channels=(16, 24, 24), hidden=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return CNN(20, 20, 10, channels, hidden, generator=generator)


@cache
def trained():
    model, (features, labels) = network(), digits("train")
    optimizer, order = torch.optim.AdamW(model.parameters(), 3e-3), torch.Generator().manual_seed(1)
    for _ in range(12):
        for chosen in torch.randperm(len(labels), generator=order).split(32):
            optimizer.zero_grad()
            functional.cross_entropy(model(features[chosen]), labels[chosen]).backward()
            optimizer.step()
    return model.eval()
