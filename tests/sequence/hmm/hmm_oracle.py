"""Hidden Markov models by enumeration of every state path, and random ones to try them on."""

import itertools
from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor


class Enumerated(NamedTuple):
    """log P(x), γ (T, S), ξ (S, S), the best path and its score, of one sequence."""

    log_likelihood: Tensor
    states: Tensor
    transitions: Tensor
    best: list[int]
    score: Tensor


def enumerated(initial: Tensor, moves: Tensor, scores: Tensor, final: Tensor | None) -> Enumerated:
    """Every path of one sequence without padding, scores of shape (T, S)."""
    frames, size = scores.shape
    paths = list(itertools.product(range(size), repeat=frames))
    logs = torch.stack([path_score(path, initial, moves, scores, final) for path in paths])
    total = logs.logsumexp(0)
    weights = torch.where(total.isinf(), torch.zeros_like(logs), (logs - total).exp())
    states, transitions = torch.zeros(frames, size).double(), torch.zeros(size, size).double()
    for weight, path in zip(weights, paths, strict=True):
        for t, state in enumerate(path):
            states[t, state] += weight
        for before, after in itertools.pairwise(path):
            transitions[before, after] += weight
    best = int(logs.argmax())
    return Enumerated(total, states, transitions, list(paths[best]), logs[best])


def path_score(path, initial, moves, scores, final) -> Tensor:
    """log P(path, x)."""
    total = initial[path[0]].log() + scores[0, path[0]]
    for t in range(1, len(path)):
        total = total + moves[path[t - 1], path[t]].log() + scores[t, path[t]]
    return total if final is None else total + final[path[-1]].log()


class Case(NamedTuple):
    """Arguments of the recursions."""

    initial: Tensor
    moves: Tensor
    scores: Tensor
    lengths: Tensor
    final: Tensor | None


@st.composite
def cases(draw, largest: int = 3) -> Case:
    """Models with many zeros, shared by the batch or one for each sequence, and padded scores."""
    size, frames, batch = (draw(st.integers(1, n)) for n in (largest, 4, 3))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    lead = (batch,) if draw(st.booleans()) else ()

    def probs(*shape: int) -> Tensor:
        values = torch.rand(*shape, generator=generator, dtype=torch.float64)
        values = values * (torch.rand(*shape, generator=generator) < draw(st.sampled_from([0.6, 1.0])))
        return values / values.sum(-1, keepdim=True).clamp(min=1e-9)

    rows = probs(*lead, size, size + 1)
    ends = draw(st.booleans())
    moves = (
        rows[..., :size]
        if ends
        else rows[..., :size] / rows[..., :size].sum(-1, keepdim=True).clamp(min=1e-9)
    )
    scores = draw(st.sampled_from([1.0, 50.0])) * torch.randn(
        batch, frames, size, generator=generator, dtype=torch.float64
    )
    if draw(st.booleans()):
        scores[torch.rand(scores.shape, generator=generator) < 0.2] = -torch.inf
    lengths = torch.randint(1, frames + 1, (batch,), generator=generator)
    return Case(probs(*lead, size), moves, scores, lengths, rows[..., size] if ends else None)


def each(case: Case):
    """The sequences of a case one by one, without padding."""
    for index, length in enumerate(case.lengths.tolist()):
        own = case.initial.dim() == 2
        final = case.final[index] if own and case.final is not None else case.final
        initial, moves = (case.initial[index], case.moves[index]) if own else (case.initial, case.moves)
        yield index, length, enumerated(initial, moves, case.scores[index, :length], final)
