"""What the models themselves hear, and which outputs are worth a row; ``readings.js`` does the same."""

import numpy as np

from hnrc_lib._shapes import Float, Int
from hnrc_lib.widgets.trellis.lattice import BLANK, log_softmax

RIVALS = 3  # outputs beside the label's own that are shown
SLACK = 1e-6  # gradients that are equally large


def greedy_reading(logits: Float[np.ndarray, "frames classes"], symbols: str) -> str:
    """The best output of each frame, repetitions merged, blanks left out.

    >>> greedy_reading(np.eye(4)[[0, 1, 1, 0, 1, 3]], "NO!")
    'NN!'
    """
    best = logits.argmax(1)
    kept = [index for t, index in enumerate(best) if index != BLANK and (t == 0 or index != best[t - 1])]
    return "".join(symbols[index - 1] for index in kept)


def shown_classes(
    logits: Float[np.ndarray, "frames classes"], classes: Int[np.ndarray, " states"]
) -> list[int]:
    """The blank, the label's outputs in their order, and the strongest others.

    Args:
        logits: a, shape (T, C).
        classes: of the lattice's states.
    """
    own = list(dict.fromkeys([BLANK, *(int(index) for index in classes)]))
    peaks = np.exp(log_softmax(logits)).max(0)
    others = [index for index in np.argsort(-peaks, kind="stable").tolist() if index not in own]
    return own + others[:RIVALS]


def home(gradient: Float[np.ndarray, "frames outputs"], path: Int[np.ndarray, " frames"]) -> tuple[int, int]:
    """The first frame where the gradient is as large as anywhere, and the best path's state there.

    >>> home(np.array([[0.1, -0.1], [-0.5, 0.5]]), np.array([0, 3]))
    (1, 3)
    """
    sizes = np.abs(gradient).max(1)
    frame = int(np.argmax(sizes >= sizes.max() - SLACK))
    return frame, max(int(path[frame]), 0)
