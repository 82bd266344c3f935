"""Which emission each frame belongs to: evenly at first, by the best path afterwards."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from hnrc_lib._shapes import Float, Int, Shaped
from hnrc_lib.sequence.hmm import StateGraph, batch_graphs, viterbi

Utterances = Sequence[Float[Tensor, "_ features"]]
Alignments = list[Int[Tensor, " _"]]


def uniform_alignment(emissions: Sequence[int], num_frames: int) -> Int[Tensor, " frames"]:
    """Frames shared out evenly among emissions in order: a flat start.

    >>> uniform_alignment([5, 7], 4)
    tensor([5, 5, 7, 7])
    """
    place = torch.arange(num_frames) * len(emissions) // num_frames
    return torch.tensor(list(emissions))[place]


def by_length(utterances: Sequence[Shaped[Tensor, "..."]], batch_size: int) -> list[list[int]]:
    """Indices of utterances in batches of like length, so that little is computed on padding."""
    order = sorted(range(len(utterances)), key=lambda index: len(utterances[index]))
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def padded(utterances: Utterances) -> tuple[Float[Tensor, "batch frames features"], Int[Tensor, " batch"]]:
    """Utterances side by side, and their lengths."""
    return pad_sequence(list(utterances), batch_first=True), torch.tensor([len(one) for one in utterances])


def align(
    scores: Callable[[Tensor, Tensor], Tensor],
    utterances: Utterances,
    graphs: Sequence[StateGraph],
    *,
    batch_size: int = 64,
) -> tuple[Alignments, float]:
    """Forced alignment: the best path of each utterance through its own graph.

    Args:
        scores: (features (N, T, F), lengths (N,)) → log-likelihood of each emission (N, T, E).
        utterances: features, shape (T, F) each.
        graphs: one for each.
        batch_size: utterances aligned at once, > 0.

    Returns:
        The emission of every frame, and the mean score of a frame.

    Raises:
        ValueError: utterances too short for their graphs, or not one graph for each.
    """
    paths, mean = best_paths(scores, utterances, graphs, batch_size=batch_size)
    return [graph.emissions[path] for graph, path in zip(graphs, paths, strict=True)], mean


def best_paths(
    scores: Callable[[Tensor, Tensor], Tensor],
    utterances: Utterances,
    graphs: Sequence[StateGraph],
    *,
    batch_size: int = 64,
) -> tuple[list[Int[Tensor, " _"]], float]:
    """As ``align``, with the states of each utterance's graph in place of their emissions."""
    if len(utterances) != len(graphs):
        raise ValueError(f"graphs must be one for each of {len(utterances)} utterances, got {len(graphs)}")
    found: dict[int, Tensor] = {}
    total = 0.0
    for rows in by_length(utterances, batch_size):
        features, lengths = padded([utterances[row] for row in rows])
        batch = batch_graphs([graphs[row] for row in rows])
        heard = batch.log_likelihoods(scores(features, lengths).double())
        best = viterbi(batch.initial_probs, batch.transition_matrix, heard, lengths, batch.final_probs)
        short = [row for row, score in zip(rows, best.score.tolist(), strict=True) if score == -torch.inf]
        if short:
            raise ValueError(f"utterances must be long enough for what they say, {short[:5]} are not")
        total += float(best.score.sum())
        for row, length, states in zip(rows, lengths.tolist(), best.states, strict=True):
            found[row] = states[:length]
    frames = sum(map(len, utterances))
    return [found[row] for row in range(len(utterances))], total / frames


def word_frames(graph: StateGraph, path: Int[Tensor, " frames"]) -> list[tuple[int, int]]:
    """First frame and the frame after the last of every word of a path, in order.

    Args:
        graph: of a transcript; between two words it holds states of silence, visited or not, as
            ``Lexicon.graph`` makes it.
        path: its state at every frame, through all its words.

    >>> from hnrc_lib.sequence.hmm import in_a_row, left_to_right, optional
    >>> yes = left_to_right([0, 1]).word(0)
    >>> pause = optional(left_to_right([2]))
    >>> graph = in_a_row([pause, yes, pause, yes, pause])
    >>> word_frames(graph, torch.tensor([1, 1, 2, 4, 5, 6]))
    [(0, 3), (3, 5)]
    """
    _, blocks = graph.words.unique_consecutive(return_inverse=True)
    visited, counts = blocks[path].unique_consecutive(return_counts=True)
    ends = counts.cumsum(0)
    # Blocks alternate between silence and words, silence first.
    spoken = visited % 2 == 1
    return list(zip((ends - counts)[spoken].tolist(), ends[spoken].tolist(), strict=True))


def stay_probs(alignments: Sequence[Int[Tensor, " _"]], num_emissions: int) -> Float[Tensor, " emissions"]:
    """Probability of another frame in the same emission: 1 − visits / frames, kept within 0.05 … 0.95.

    >>> stay_probs([torch.tensor([0, 0, 0, 0, 1, 1])], 2)
    tensor([0.7500, 0.5000], dtype=torch.float64)
    """
    frames = torch.cat(list(alignments)).bincount(minlength=num_emissions).double()
    visits = torch.cat([states.unique_consecutive() for states in alignments]).bincount(
        minlength=num_emissions
    )
    return (1 - visits.double() / frames.clamp(min=1)).clamp(0.05, 0.95)
