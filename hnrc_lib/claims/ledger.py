"""All claims, in the order of the source documents."""

from collections.abc import Iterable

from hnrc_lib.claims import (
    s0_combination,
    s0_cost,
    s0_damping,
    s0_generalisation,
    s0_gradients,
    s0_hessian,
    s0_length,
    s0_program,
    s0_recogniser,
    s0_regularization,
    s0_speed,
    s0_sweep,
    s0_tasks,
    s0_update,
    s1_basins,
    s1_choices,
    s1_conditioning,
    s1_conditions,
    s1_constrained,
    s1_efficiency,
    s1_future,
    s1_learning_rate,
    s1_models,
    s1_regression,
    s1_simplified,
    s1_step_size,
    s1_words,
    s2_adaptive,
    s2_combination,
    s2_depth,
    s2_diagonal,
    s2_formula,
    s2_layers,
    s2_models,
    s2_parallel,
    s2_program,
    s2_quantum,
    s2_referee,
    s2_scale,
    s3_cost,
    s3_generalisation,
    s3_loss,
    s3_minimisers,
    s3_normalisation,
    s3_penalties,
    s3_program,
    s4_effects,
    s4_formulas,
    s4_gradient,
    s4_pipeline,
    s4_recurrence,
    s4_thresholds,
    s4_training,
    s4_trimming,
)
from hnrc_lib.claims.claim import Claim

# A module holds one group of claims in a tuple CLAIMS; a new group is one import and one entry here.
GROUPS = (
    s0_damping,
    s0_hessian,
    s0_update,
    s0_program,
    s0_cost,
    s0_sweep,
    s0_regularization,
    s0_recogniser,
    s0_tasks,
    s0_generalisation,
    s1_conditions,
    s0_gradients,
    s0_length,
    s0_speed,
    s1_step_size,
    s2_adaptive,
    s2_depth,
    s1_conditioning,
    s1_efficiency,
    s1_future,
    s1_learning_rate,
    s1_regression,
    s1_simplified,
    s0_combination,
    s2_combination,
    s2_diagonal,
    s2_formula,
    s2_layers,
    s2_models,
    s2_parallel,
    s2_program,
    s2_quantum,
    s2_referee,
    s2_scale,
    s1_basins,
    s1_choices,
    s1_constrained,
    s1_models,
    s1_words,
    s3_cost,
    s3_generalisation,
    s3_loss,
    s3_minimisers,
    s3_normalisation,
    s3_penalties,
    s3_program,
    s4_effects,
    s4_gradient,
    s4_thresholds,
    s4_training,
    s4_trimming,
    s4_formulas,
    s4_pipeline,
    s4_recurrence,
)


def ledger(claims: Iterable[Claim]) -> dict[str, Claim]:
    """Claims by id, sorted by document and number.

    Args:
        claims: in any order.

    Raises:
        ValueError: an id occurs twice.
    """
    ordered: dict[str, Claim] = {}
    for claim in sorted(claims, key=lambda claim: claim.order):
        if claim.id in ordered:
            raise ValueError(f"claim ids must be unique, got {claim.id} twice")
        ordered[claim.id] = claim
    return ordered


LEDGER: dict[str, Claim] = ledger(claim for group in GROUPS for claim in group.CLAIMS)
