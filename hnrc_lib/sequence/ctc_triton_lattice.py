"""The lattice of a CTC target on a card: one Triton program per utterance and direction.

A program keeps log α of all rows in registers, one row a lane, and loops over the frames itself. Neighbours
come through ``tl.gather``: the compiler moves them by warp shuffles, or through shared memory between two
barriers, so that no thread reads what another has yet to write, and nothing stored is loaded again.
"""

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.sequence.ctc_lattice import (
    FORBIDDEN,
    INFEASIBLE,
    Lattice,
    exit_rows,
    skip_scores,
    start_scores,
    valid_states,
)

LANES_A_WARP = 64  # two states a thread; more warps a program only beyond


def launch_options(size: int) -> dict[str, int]:
    """Lanes for that many states, the next power of two, and the warps that carry them."""
    block = 1 << (max(size, 32) - 1).bit_length()
    return {"BLOCK": block, "num_warps": min(max(block // LANES_A_WARP, 1), 16), "num_stages": 1}


@triton.jit
@no_type_check
def lattice_kernel(
    scores,  # (frames − 1, batch, classes)
    labels,  # (batch, rows − 2)
    input_lengths,  # (batch,)
    exits,  # (batch,)
    skip,  # (2, batch, rows), float64, as start
    start,
    log_paths,  # (2, frames, batch, rows), float64, written: α, and what β has without its own emission
    stay,  # (frames, 2, batch, rows), written, as step and jump: where row s was entered from
    step,
    jump,
    frames,
    batch,
    classes,
    rows,
    FORBIDDEN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    # in 64 bits, so that no offset built from these overflows
    utterance, reverse = tl.program_id(0).to(tl.int64), tl.program_id(1).to(tl.int64)
    lane = tl.arange(0, BLOCK)
    inside = lane < rows
    one, two = tl.maximum(lane - 1, 0), tl.maximum(lane - 2, 0)
    row = tl.where(reverse == 1, rows - 1 - lane, lane)
    length, exit_row = tl.load(input_lengths + utterance), tl.load(exits + utterance)
    is_state = (row > 0) & (row < exit_row)
    is_exit = row == exit_row
    label = tl.load(labels + utterance * (rows - 2) + row - 1, mask=is_state, other=0)
    border = (reverse * batch + utterance) * rows + lane
    may_skip = tl.load(skip + border, mask=inside, other=FORBIDDEN)
    log_alpha = tl.load(start + border, mask=inside, other=FORBIDDEN)
    # the reversal walks from the extra frame back to the first
    time, onward = reverse * (frames - 1), 1 - 2 * reverse
    score = scores + (time * batch + utterance) * classes + label
    path = log_paths + ((reverse * frames + time) * batch + utterance) * rows + row
    for _ in range(frames):
        given = tl.load(score, mask=is_state & (time < length), other=FORBIDDEN).to(tl.float64)
        emission = tl.where(is_exit & (time >= length), 0.0, tl.where(given < FORBIDDEN, FORBIDDEN, given))
        from_one = tl.where(lane > 0, tl.gather(log_alpha, one, 0), FORBIDDEN)
        from_two = tl.where(lane > 1, tl.gather(log_alpha, two, 0), FORBIDDEN) + may_skip
        best = tl.maximum(log_alpha, tl.maximum(from_one, from_two))
        stayed, stepped, jumped = tl.exp(log_alpha - best), tl.exp(from_one - best), tl.exp(from_two - best)
        total = stayed + stepped + jumped
        tl.store(stay + border, (stayed / total).to(stay.dtype.element_ty), mask=inside)
        tl.store(step + border, (stepped / total).to(step.dtype.element_ty), mask=inside)
        tl.store(jump + border, (jumped / total).to(jump.dtype.element_ty), mask=inside)
        entered = best + tl.log(total)
        log_alpha = entered + emission
        tl.store(path, tl.where(reverse == 1, entered, log_alpha), mask=inside)
        border += 2 * batch * rows
        score += onward * batch * classes
        path += onward * batch * rows
        time += onward


INTERPRETED = not isinstance(lattice_kernel, triton.JITFunction)  # TRITON_INTERPRET=1


def ctc_lattice(
    scores: Float[Tensor, "time batch classes"],
    labels: Int[Tensor, "states batch"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
) -> Lattice:
    """``ctc_lattice.ctc_lattice`` by one kernel: the same values, other strides.

    Args:
        scores, labels, input_lengths, target_lengths: as there, on one card.

    Returns:
        A ``Lattice``, its tensors transposed views with the states innermost in memory.
    """
    time, batch, classes = scores.shape
    rows = labels.shape[0] + 2
    exits = exit_rows(target_lengths)
    skip = skip_scores(labels, target_lengths).mT.contiguous()
    start = start_scores(labels.shape[0], exits).mT.contiguous()
    log_paths = scores.new_empty(2, time + 1, batch, rows, dtype=torch.float64)
    arcs = scores.new_empty(3, time + 1, 2, batch, rows)
    with torch.cuda.device_of(scores):
        lattice_kernel[(batch, 2)](
            scores.contiguous(),
            labels.mT.contiguous(),
            input_lengths.contiguous(),
            exits,
            skip,
            start,
            log_paths,
            arcs[0],
            arcs[1],
            arcs[2],
            time + 1,
            batch,
            classes,
            rows,
            FORBIDDEN=FORBIDDEN,
            **launch_options(rows),
        )
    log_partition = log_paths[0, -1].gather(1, exits.unsqueeze(1)).squeeze(1)
    infeasible = log_partition < INFEASIBLE
    hidden = ~valid_states(time, rows - 2, input_lengths, target_lengths) | infeasible
    both = (log_paths[0, :-1] + log_paths[1, :-1])[..., 1:-1].mT
    posteriors = both.sub_(log_partition).exp_().masked_fill_(hidden, 0.0).to(scores.dtype)
    return Lattice(log_partition.masked_fill(infeasible, -torch.inf), posteriors, arcs.mT)
