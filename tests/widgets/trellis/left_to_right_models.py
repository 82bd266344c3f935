"""Hidden Markov models to draw trellises of."""

import numpy as np
import torch

from hnrc_lib.sequence.hmm import left_to_right


def random_model(states: int, skip: float, rng: np.random.Generator) -> np.ndarray:
    """π, A and f of a left-to-right model with loops of their own."""
    stay = torch.from_numpy(rng.uniform(0.2, 0.9, states))
    graph = left_to_right(range(states), stay=stay, skip=skip)
    columns = graph.initial_probs[:, None], graph.transition_matrix, graph.final_probs[:, None]
    return torch.cat(columns, 1).numpy()
