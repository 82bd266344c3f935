"""The lattice of a CTC target: every alignment as a path, summed forward and backward in one sweep.

Rows of the lattice are: an entry, the states blank, l₁, blank, …, l_S, blank, and an exit. The exit is alive
in padding only, where it waits; so utterances of all lengths end in the same, extra frame. Tensors keep the
utterances innermost: a move by one state is then a move along a contiguous axis.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from hnrc_lib._shapes import Bool, Float, Int

FORBIDDEN = -1e30  # log-score of a forbidden move: finite, so that no difference of two is NaN
INFEASIBLE = -1e29  # the best path makes a forbidden move
VANISHING = -600.0  # e^-600 is as good as 0, and exp is up to ten times slower where it underflows
BLOCK = 16  # frames between two re-basings: a sum gains at most a factor 3^16 in between


class Lattice(NamedTuple):
    """What the derivatives of log Z need.

    log_partition: log Z, natural logarithm, float64, (batch,), -inf where no alignment exists.
    posteriors: γ_t(s), probability that frame t is in state s, (time, states, batch).
    transitions: P(came from s − k | arrived in s), k = 0, 1, 2, for the sequence and for its reversal,
        (3, time + 1, 2, states + 2, batch).
    """

    log_partition: Float[Tensor, " batch"]
    posteriors: Float[Tensor, "time states batch"]
    transitions: Float[Tensor, "arcs frames two rows batch"]


def extended_labels(
    targets: Int[Tensor, "batch labels"], target_lengths: Int[Tensor, " batch"], blank: int
) -> Int[Tensor, "states batch"]:
    """blank, l₁, blank, …, l_S, blank for every utterance; blank beyond its length."""
    size = targets.shape[1]
    inside = torch.arange(size, device=targets.device) < target_lengths.unsqueeze(1)
    labels = targets.new_full((2 * size + 1, targets.shape[0]), blank)
    labels[1::2] = torch.where(inside, targets, blank).mT
    return labels


def valid_states(
    num_frames: int,
    num_states: int,
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
) -> Bool[Tensor, "time states batch"]:
    """Which states exist at which frame: neither padding in time nor beyond the target."""
    frames = torch.arange(num_frames, device=input_lengths.device).view(-1, 1, 1)
    states = torch.arange(num_states, device=input_lengths.device).view(-1, 1)
    return (frames < input_lengths) & (states < 2 * target_lengths + 1)


def flat_states(labels: Int[Tensor, "states batch"], num_classes: int) -> Int[Tensor, " places"]:
    """Where each state's score lies in a frame of (batch · classes) scores."""
    offsets = torch.arange(labels.shape[1], device=labels.device) * num_classes
    return (labels + offsets).reshape(-1)


def gather_states(
    scores: Float[Tensor, "*lead batch classes"], labels: Int[Tensor, "states batch"]
) -> Float[Tensor, "*lead states batch"]:
    """Scores per class, read off per state."""
    *lead, batch, classes = scores.shape
    places = flat_states(labels, classes)
    return scores.reshape(-1, batch * classes).index_select(1, places).view(*lead, *labels.shape)


def scatter_states(
    values: Float[Tensor, "*lead states batch"], labels: Int[Tensor, "states batch"], num_classes: int
) -> Float[Tensor, "*lead batch classes"]:
    """Values per state, added up per class: the adjoint of ``gather_states``."""
    *lead, _, batch = values.shape
    flat = values.reshape(-1, labels.numel())
    places = flat_states(labels, num_classes).expand(flat.shape[0], -1)
    out = flat.new_zeros(flat.shape[0], batch * num_classes)
    return out.scatter_add_(1, places, flat).view(*lead, batch, num_classes)


def exit_rows(target_lengths: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
    """The lattice row behind the last state of every utterance."""
    return 2 * target_lengths + 2


def skip_scores(
    labels: Int[Tensor, "states batch"], target_lengths: Int[Tensor, " batch"]
) -> Float[Tensor, "two rows batch"]:
    """0 where row s may be entered from s − 2, else FORBIDDEN; second half for the reversal."""
    border = labels.new_full((1, labels.shape[1]), -1)
    rows = torch.cat([border, labels, border - 1])
    rows.scatter_(0, exit_rows(target_lengths).unsqueeze(0), -2)
    allowed = torch.zeros_like(rows, dtype=torch.bool)
    allowed[2::2] = rows[2::2] != rows[:-2:2]
    reversed_moves = torch.cat([allowed[2:], torch.zeros_like(allowed[:2])]).flip(0)
    return torch.where(torch.stack([allowed, reversed_moves]), 0.0, FORBIDDEN).double()


def start_scores(num_states: int, exits: Int[Tensor, " batch"]) -> Float[Tensor, "two rows batch"]:
    """Log-score of every row before the first frame: 0 at the entry; second half: at the reversal's exit."""
    start = torch.full(
        (2, num_states + 2, exits.shape[0]), FORBIDDEN, dtype=torch.float64, device=exits.device
    )
    start[0, 0] = 0.0
    start[1].scatter_(0, num_states + 1 - exits.unsqueeze(0), 0.0)
    return start


def _emissions(
    scores: Float[Tensor, "time batch classes"],
    labels: Int[Tensor, "states batch"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
) -> Float[Tensor, "frames two rows batch"]:
    """Log-score of every row at every frame and at the extra one; second half: the reversal."""
    time, states, batch = scores.shape[0], *labels.shape
    valid = valid_states(time, states, input_lengths, target_lengths)
    given = gather_states(scores, labels).double().clamp_(min=FORBIDDEN).masked_fill_(~valid, FORBIDDEN)
    both = torch.full((time + 1, 2, states + 2, batch), FORBIDDEN, dtype=torch.float64, device=scores.device)
    forward = both[:, 0]
    forward[:time, 1:-1] = given
    waiting = torch.arange(time + 1, device=scores.device).unsqueeze(1) >= input_lengths
    exits = exit_rows(target_lengths).expand(time + 1, 1, batch)
    forward.scatter_(1, exits, torch.where(waiting, 0.0, FORBIDDEN).double().unsqueeze(1))
    both[:, 1] = forward.flip(0, 1)
    return both


def arriving(padded: Float[Tensor, "*lead padded_rows batch"]) -> tuple[Tensor, Tensor, Tensor]:
    """Rows s, s − 1 and s − 2 of a tensor with two rows of padding in front, flattened with the batch."""
    batch = padded.shape[-1]
    flat = padded.flatten(-2)
    size = flat.shape[-1] - 2 * batch
    return flat[..., 2 * batch :], flat[..., batch : batch + size], flat[..., :size]


def _best_scores(log_alpha: tuple[Tensor, Tensor, Tensor], emissions: Tensor, skip: Tensor) -> None:
    """Score of the best path into every row, frame by frame (Viterbi), written in place."""
    stay, step, jump = (windows.unbind(0) for windows in log_alpha)
    best, other = torch.empty_like(skip), torch.empty_like(skip)
    for t, emission in enumerate(emissions.unbind(0)):
        torch.maximum(stay[t], step[t], out=best)
        torch.add(jump[t], skip, out=other)
        torch.maximum(best, other, out=best)
        torch.add(best, emission, out=stay[t + 1])


def _sum_paths(sums: tuple[Tensor, Tensor, Tensor], arcs: Tensor) -> None:
    """Sums over paths relative to the best one: one product-sum per arc and frame, written in place."""
    stay, step, jump = (windows.unbind(0) for windows in sums)
    for t, (weight_stay, weight_step, weight_jump) in enumerate(zip(*arcs, strict=True)):
        out = torch.mul(weight_stay, stay[t], out=stay[t + 1])
        out.addcmul_(weight_step, step[t]).addcmul_(weight_jump, jump[t])


class _Sweep(NamedTuple):
    """log α_t(s) = best + log sums, after every frame, and the arrival posteriors of the arcs."""

    best: Float[Tensor, "frames two rows batch"]
    sums: Float[Tensor, "frames two rows batch"]
    arcs: Float[Tensor, "arcs frames two rows batch"]


def _sweep(
    emissions: Float[Tensor, "frames two rows batch"],
    skip: Float[Tensor, "two rows batch"],
    start: Float[Tensor, "two rows batch"],
    dtype: torch.dtype,
) -> _Sweep:
    """Both directions of the recursion, block by block; the arcs are kept in ``dtype``.

    Sums are kept relative to the best path into the state, so that no exponent over- or underflows: the
    best scores need a maximum per frame, the sums a product, and the exponentials leave the loop.
    """
    frames, _, rows, batch = emissions.shape
    best = emissions.new_full((frames + 1, 2, rows + 2, batch), FORBIDDEN)
    best[0, :, 2:] = start
    sums = torch.ones_like(best)
    arcs = emissions.new_empty((3, frames, 2, rows * batch), dtype=dtype)
    scratch = emissions.new_empty(3, min(BLOCK, frames), 2, rows * batch)
    for first in range(0, frames, BLOCK):
        block = slice(first, min(first + BLOCK, frames))
        scores, totals = (arriving(tensor[first : block.stop + 1]) for tensor in (best, sums))
        weights = scratch[:, : block.stop - first]
        _relative_weights(scores, emissions[block].flatten(2), skip.flatten(1), weights)
        _sum_paths(totals, weights)
        inverse = totals[0][1:].reciprocal()
        for source, weight, kept in zip(totals, weights, arcs[:, block], strict=True):
            kept.copy_(weight.mul_(source[:-1]).mul_(inverse))
        scores[0][-1].add_(totals[0][-1].log())
        totals[0][-1] = 1.0
    return _Sweep(best[1:, :, 2:], sums[1:, :, 2:], arcs.unflatten(3, (rows, batch)))


def _relative_weights(
    scores: tuple[Tensor, Tensor, Tensor], emissions: Tensor, skip: Tensor, weights: Tensor
) -> None:
    """Best scores, and each arc's weight relative to the best path into its end, written in place."""
    _best_scores(scores, emissions, skip)
    stay, step, jump = scores
    # summed in the order of _best_scores, so that the best arc gives exactly exp(0)
    torch.add(jump[:-1], skip, out=weights[2])
    for source, weight in zip((stay[:-1], step[:-1], weights[2]), weights, strict=True):
        torch.add(source, emissions, out=weight).sub_(stay[1:]).clamp_(min=VANISHING).exp_()


def ctc_lattice(
    scores: Float[Tensor, "time batch classes"],
    labels: Int[Tensor, "states batch"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
) -> Lattice:
    """log Z, state posteriors and transition posteriors, summed in float64 whatever the scores' dtype.

        log Z = log Σ_π exp Σ_t x_t(π_t),  γ_t(s) = exp(α_t(s) + β_t(s) − x_t(s) − log Z)

    Args:
        scores: x, any real scores, (time, batch, classes).
        labels: as from ``extended_labels``.
        input_lengths: frames of each utterance, 0 … time.
        target_lengths: labels of each utterance.

    Returns:
        A ``Lattice``.

    Alex Graves, Santiago Fernández, Faustino Gomez, Jürgen Schmidhuber, Connectionist temporal
    classification (2006).
    """
    time, states = scores.shape[0], labels.shape[0]
    emissions = _emissions(scores, labels, input_lengths, target_lengths)
    exits = exit_rows(target_lengths)
    start = start_scores(states, exits)
    sweep = _sweep(emissions, skip_scores(labels, target_lengths), start, scores.dtype)
    last = sweep.best[-1, 0] + sweep.sums[-1, 0].log()
    log_partition = last.gather(0, exits.unsqueeze(0)).squeeze(0)
    infeasible = log_partition < INFEASIBLE
    hidden = ~valid_states(time, states, input_lengths, target_lengths) | infeasible
    posteriors = _posteriors(sweep, emissions, log_partition).masked_fill_(hidden, 0.0)
    total = log_partition.masked_fill(infeasible, -torch.inf)
    return Lattice(total, posteriors.to(scores.dtype), sweep.arcs)


def _posteriors(sweep: _Sweep, emissions: Tensor, log_partition: Tensor) -> Tensor:
    """exp(α + β − x − log Z); the reversal's last frames are the sequence's first."""
    inside, time = slice(1, emissions.shape[2] - 1), emissions.shape[0] - 1
    scores = sweep.best[1:, 1, inside].flip(0, 1)
    scores.add_(sweep.best[:time, 0, inside])
    scores.sub_(emissions[:time, 0, inside]).sub_(log_partition)
    impossible = scores < VANISHING
    out = scores.clamp_(min=VANISHING).exp_().masked_fill_(impossible, 0.0)
    return out.mul_(sweep.sums[:time, 0, inside]).mul_(sweep.sums[1:, 1, inside].flip(0, 1))
