"""The printed program of S2 §4 in PyTorch, line by line, with its defects; for study, not for use.

The comment before a statement gives the printed line's number and what it does. ``load_data`` and
``test_data`` are what the source takes from Keras' data set, and are supplied by ``with_names`` of
``s0_printed``: the first gives ((images, labels), (images, labels)), training and test; the second does not
exist there.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

# Declared but never bound: main raises NameError unless they are supplied.
load_data: Any
test_data: Any


def cnn_model(input_shape: Sequence[int]) -> nn.Sequential:
    """Lines 4 to 14: three convolutions and two linear layers, with softmax at the end."""
    height, width, channels = input_shape
    # 6 to 10: valid convolutions of 3 × 3, pooling by 2 × 2 after the first two.
    rows, columns = (((size - 2) // 2 - 2) // 2 - 2 for size in (height, width))
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(),
        # 11 and 12
        nn.Flatten(), nn.Linear(64 * rows * columns, 64), nn.ReLU(),
        # 13: probabilities, which the loss of line 18 expects.
        nn.Linear(64, 10), nn.Softmax(dim=1),
    )  # fmt: skip


def sparse_categorical_crossentropy(labels: Tensor, probabilities: Tensor) -> Tensor:
    """−mean log p of the label, with Keras' clipping of p to [10⁻⁷, 1 − 10⁻⁷]."""
    chosen = probabilities.gather(1, labels.long().unsqueeze(1))
    return -chosen.clamp(1e-7, 1 - 1e-7).log().mean()


def loss_and_optimizer() -> tuple[Callable[..., Tensor], Callable[..., torch.optim.Optimizer]]:
    """Lines 17 to 20: a loss of probabilities, and Adam with Keras' numbers; no curvature."""
    # 19: Keras' optimiser is told the parameters at its first step, torch's when it is made.
    return sparse_categorical_crossentropy, partial(torch.optim.Adam, lr=1e-3, eps=1e-7)


def train_cnn(
    model: nn.Module,
    loss_fn: Callable[..., Tensor],
    optimizer: torch.optim.Optimizer,
    train_data: Iterable[tuple[Tensor, Tensor]],
    train_labels: Any,
    epochs: int = 10,
) -> nn.Module:
    """Lines 23 to 31: plain first-order training; train_labels is not read."""
    for _ in range(epochs):
        # 25: train_data is the pair (training set, test set): a "batch" is a whole set, the test set too.
        for images, labels in train_data:
            # 27: images as loaded, bytes from 0 to 255 without a channel axis; line 39's are not used.
            logits = model(images)
            loss = loss_fn(labels, logits)
            # 29 and 30: a gradient, and Adam.
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def main() -> None:
    """Lines 36 to 52."""
    # 36: ((images, labels), (images, labels))
    train_data = load_data()
    # 37: not the labels but the pair of the test set.
    train_labels = train_data[1]
    # 38: a pair has no reshape.
    train_images = train_data[0].reshape((-1, 28, 28, 1))
    # 39: never used.
    train_images = train_images.astype("float32") / 255
    model = cnn_model((28, 28, 1))
    loss_fn, optimizer = loss_and_optimizer()
    model = train_cnn(model, loss_fn, optimizer(model.parameters()), train_data, train_labels)
    # 51: a Keras model that was not compiled refuses to evaluate; and there is no mnist.test_data.
    _, test_accuracy = model.evaluate(test_data)  # pyright: ignore
    print("Test accuracy:", test_accuracy)
