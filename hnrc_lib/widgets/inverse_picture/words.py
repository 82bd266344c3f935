"""What the inverse as a picture says of its state; ``words.js`` says the same."""

from typing import Any

import numpy as np

from hnrc_lib.widgets.inverse_picture import reference
from hnrc_lib.widgets.number_format import format_number

_SUBSCRIPTS = "₁₂"
_BROKEN = {
    "undamped": "λ = 0: the rank-one inverse needs λ > 0.",
    "undefined": "gᵀHg = 0: H₁ is undefined; what is left is the part of −g/λ across Hg.",
    "singular": "ρ = −λ: λI + H₁ is singular; what is left is the part of −g/λ across Hg.",
}


def tell_state(state: dict[str, Any]) -> str:
    """g, its length, and the eigenvalues moved by λ."""
    sums = " and ".join(format_number(h + state["damping"]) for h in state["eigenvalues"])
    point = ", ".join(format_number(x) for x in state["gradient"])
    size = format_number(float(np.hypot(*state["gradient"])))
    damping = format_number(state["damping"])
    return f"g = ({point}), ‖g‖ = {size}; λ = {damping} moves the eigenvalues of H to {sums}."


def tell_damped(state: dict[str, Any]) -> str:
    """Whether (H + λI)⁻¹ exists, what it turns round, and where its step goes."""
    made = reference.damped_map(state)
    if made.kind == "positive definite":
        return f"H + λI is positive definite. {_walk(made, state)}."
    sums = [h + state["damping"] for h in state["eigenvalues"]]
    if made.kind == "singular":
        smallest = reference.ROUNDING * (state["damping"] + max(map(abs, state["eigenvalues"])))
        where = [_SUBSCRIPTS[i] for i in range(2) if abs(sums[i]) <= smallest]
        return (
            f"λ = −h{' = −h'.join(where)}: H + λI is singular, the ellipse has no end along "
            f"e{' and e'.join(where)}, and there is no step."
        )
    turned = [_SUBSCRIPTS[i] for i in range(2) if sums[i] < 0]
    return (
        f"λ < −h{' and λ < −h'.join(turned)}: H + λI is not positive definite, its inverse turns "
        f"e{' and e'.join(turned)} round. {_walk(made, state)}."
    )


def tell_rank_one(state: dict[str, Any]) -> str:
    """ρ, whether (λI + H₁)⁻¹ exists, and where its step goes."""
    made = reference.rank_one_map(state)
    if made.kind in _BROKEN:
        return f"Rank one: {_BROKEN[made.kind]}"
    eigenvalue = reference.rank_one_eigenvalue(state)
    assert eigenvalue is not None  # otherwise the kind is "undefined"
    return f"Rank one: ρ = {format_number(eigenvalue)}, λI + H₁ is {made.kind}. {_walk(made, state)}."


def _walk(made: reference.InverseMap, state: dict[str, Any]) -> str:
    assert made.step is not None  # otherwise its kind says why
    length = float(np.linalg.norm(made.step))
    if length == 0:
        return "There is no gradient, so no step"
    slope, size = float(made.step @ np.asarray(state["gradient"])), float(np.hypot(*state["gradient"]))
    heading = "goes uphill" if slope > 0 else "descends"
    if abs(slope) <= reference.ROUNDING * length * size:
        heading = "goes neither up nor down"
    return f"The step {heading} and is {format_number(length)} long"
