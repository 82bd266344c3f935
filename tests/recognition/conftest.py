"""A classifier trained in seconds on shipped digits."""

import pytest
import torch
from small_models import card
from torch import nn

from hnrc_lib.datasets import load_digits
from hnrc_lib.models import make_model
from hnrc_lib.recognition import save_recognizer


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory):
    """Folder of a classifier that knows English digits of voices it never heard."""
    corpus = load_digits("train", language="en")
    lengths = torch.tensor([len(utterance.samples) for utterance in corpus])
    samples = nn.utils.rnn.pad_sequence([u.samples for u in corpus], batch_first=True)
    described = card()
    features, _ = described.front_end(samples, lengths)
    labels = torch.tensor([utterance.label for utterance in corpus])
    generator = torch.Generator().manual_seed(0)
    model = make_model("CNN", **described.options, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(6):
        for batch in torch.randperm(len(corpus), generator=generator).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(features[batch]), labels[batch]).backward()
            optimizer.step()
    folder = tmp_path_factory.mktemp("digits-small")
    save_recognizer(folder, model, described, dtype="int8")
    return folder
