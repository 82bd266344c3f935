"""Products with the posterior covariance of CTC alignments: the second derivative of log Z."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Bool, Float
from hnrc_lib.sequence.ctc_lattice import arriving


def _accumulate(sums: Float[Tensor, "frames vectors two padded batch"], transitions: Tensor) -> None:
    """Expected sum of the direction along the paths into every state, written in place: α̇ and β̇."""
    stay, step, jump = (windows.unbind(0) for windows in arriving(sums))
    arcs = zip(*transitions.flatten(3), strict=True)
    for t, (weight_stay, weight_step, weight_jump) in enumerate(arcs):
        out = stay[t + 1].addcmul_(weight_stay, stay[t])
        out.addcmul_(weight_step, step[t]).addcmul_(weight_jump, jump[t])


def covariance_product(
    directions: Float[Tensor, "vectors time states batch"],
    posteriors: Float[Tensor, "time states batch"],
    transitions: Float[Tensor, "arcs frames two rows batch"],
    valid: Bool[Tensor, "time states batch"],
) -> Float[Tensor, "vectors time states batch"]:
    """Posterior covariance of the state occupancies times directions.

        Cov·u = γ∘(α̇ + β̇ − u − Ż),  α̇_t(s) = u_t(s) + Σ_k w_k α̇_{t−1}(s − k)

    The mean ⟨γ_t, u_t⟩ of every frame is taken off first: it changes nothing in exact arithmetic, makes
    Ż = 0, and keeps the sums small on long utterances.

    Args:
        directions: u, any number of them; they share the lattice.
        posteriors: γ of a ``Lattice``.
        transitions: w of a ``Lattice``.
        valid: as from ``valid_states``.

    Returns:
        Cov·u, shaped like u.
    """
    vectors, time, states, batch = directions.shape
    centred = directions - (directions * posteriors).sum(2, keepdim=True)
    centred = torch.where(valid, centred, 0.0).movedim(0, 1)
    sums = centred.new_zeros(time + 2, vectors, 2, states + 4, batch)
    inside = slice(3, states + 3)
    sums[1:-1, :, 0, inside] = centred
    sums[2:, :, 1, inside] = centred.flip(0, 2)
    _accumulate(sums, transitions)
    total = sums[1:-1, :, 0, inside] + sums[2:, :, 1, inside].flip(0, 2)
    return total.sub_(centred).mul_(posteriors.unsqueeze(1)).movedim(1, 0)
