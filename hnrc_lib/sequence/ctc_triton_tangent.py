"""Products with CTC's posterior covariance on a card: one Triton program per utterance, direction and vector.

Neighbours come through ``tl.gather`` as in the lattice's kernel.
"""

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from hnrc_lib._shapes import Bool, Float
from hnrc_lib.sequence.ctc_triton_lattice import launch_options


@triton.jit
@no_type_check
def tangent_kernel(
    directions,  # (vectors, frames, batch, states), 0 outside the utterances
    stay,  # (frames + 1, 2, batch, states + 2), as step and jump
    step,
    jump,
    sums,  # (2, vectors, frames, batch, states), written: α̇ and β̇
    vectors,
    frames,
    batch,
    states,
    BLOCK: tl.constexpr,
):
    # in 64 bits, so that no offset built from these overflows
    program, reverse = tl.program_id(0).to(tl.int64), tl.program_id(1).to(tl.int64)
    utterance, vector = program % batch, program // batch
    lane = tl.arange(0, BLOCK)
    inside = lane < states
    one, two = tl.maximum(lane - 1, 0), tl.maximum(lane - 2, 0)
    state = tl.where(reverse == 1, states - 1 - lane, lane)
    # the reversal walks backwards, and its first arc only leads out of the exit
    place = ((vector * frames + reverse * (frames - 1)) * batch + utterance) * states + state
    sums += reverse * vectors * frames * batch * states
    arc = (3 * reverse * batch + utterance) * (states + 2) + 1 + lane
    total = tl.zeros((BLOCK,), sums.dtype.element_ty)
    for _ in range(frames):
        direction = tl.load(directions + place, mask=inside, other=0.0)
        stayed = tl.load(stay + arc, mask=inside, other=0.0)
        stepped = tl.load(step + arc, mask=inside, other=0.0)
        jumped = tl.load(jump + arc, mask=inside, other=0.0)
        from_one = tl.where(lane > 0, tl.gather(total, one, 0), 0.0)
        from_two = tl.where(lane > 1, tl.gather(total, two, 0), 0.0)
        total = direction + stayed * total + stepped * from_one + jumped * from_two
        tl.store(sums + place, total, mask=inside)
        place += (1 - 2 * reverse) * batch * states
        arc += 2 * batch * (states + 2)


def covariance_product(
    directions: Float[Tensor, "vectors time states batch"],
    posteriors: Float[Tensor, "time states batch"],
    transitions: Float[Tensor, "arcs frames two rows batch"],
    valid: Bool[Tensor, "time states batch"],
) -> Float[Tensor, "vectors time states batch"]:
    """``ctc_tangent.covariance_product`` by one kernel: the same values.

    Args:
        directions, posteriors, transitions, valid: as there, on one card.

    Returns:
        Cov·u, shaped like u.
    """
    vectors, time, states, batch = directions.shape
    centred = directions - (directions * posteriors).sum(2, keepdim=True)
    centred = torch.where(valid, centred, 0.0).mT.contiguous()
    sums = centred.new_empty(2, *centred.shape)
    stay, step, jump = transitions.mT.contiguous().unbind(0)
    with torch.cuda.device_of(directions):
        tangent_kernel[(batch * vectors, 2)](
            centred, stay, step, jump, sums, vectors, time, batch, states, **launch_options(states)
        )
    return (sums[0] + sums[1] - centred).mT * posteriors
