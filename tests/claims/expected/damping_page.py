"""The claims that the page on damping treats."""

VERDICTS = {
    "0.4": "fails",
    "0.5": "holds if L is twice continuously differentiable at θ",
    "0.6": "holds if λ > −h_min(H)",
    "0.7": "holds if λ > −h_min(H) and α is small enough",
    "0.8": "fails",
    "0.13": "holds if H itself is formed",
    "0.14": "holds",
    "0.15": "holds if the other method is L1",
}

CONTRARY = {
    "0.4": [({"smallest_rank": 1, "largest_rank": 1}, "holds"), ({"smallest_rank": 1}, "fails")],
    "0.5": [
        ({"kink_growth": 1.0}, "holds"),
        ({"smooth_error": 1e-3}, "fails"),
        ({"asymmetry": 1e-3}, "fails"),
    ],
    "0.6": [
        ({"smallest_eigenvalue": 0.1, "threshold": -0.1}, "holds"),
        ({"shift_error": 1e-3}, "fails"),
        ({"definite_above": 5}, "fails"),
        ({"definite_below": 1}, "fails"),
    ],
    "0.7": [
        ({"rises_confirmed": 0, "overshoots_above": 0}, "holds"),
        ({"rises_confirmed": 0}, "holds if α is small enough"),
        ({"overshoots_above": 0}, "holds if λ > −h_min(H)"),
        ({"descents_above": 5}, "fails"),
        ({"reached_above": 5}, "fails"),
        ({"newton_error": 1e-2}, "fails"),
        ({"gradient_error": 1e-2}, "fails"),
    ],
    "0.8": [
        (
            {
                "damping_effect": 0.1,
                "rate_effect": 0.1,
                "epochs_effect": 0.1,
                "printed_moved_by_linear_term": 0.0,
            },
            "holds if its defects are mended",
        ),
        (
            {
                "damping_effect": 0.1,
                "rate_effect": 0.1,
                "epochs_effect": 0.1,
                "printed_moved_by_linear_term": 0.0,
                "num_defects": 0,
            },
            "holds",
        ),
        ({"damping_effect": 0.1, "rate_effect": 0.1, "epochs_effect": 0.1}, "fails"),
        ({"rate_effect": 0.1, "printed_moved_by_linear_term": 0.0}, "fails"),
    ],
    "0.13": [
        ({"hessian_to_product": 2.0}, "holds"),
        ({"hessian_large": 5.0}, "fails"),
        ({"growth_of_hessian": 0.9}, "fails"),
    ],
    "0.14": [({"worst_loss": 1.0, "best_loss": 0.9}, "fails")],
    "0.15": [
        ({"l2_to_damped": 1.0}, "holds"),
        ({"l1_to_plain": 1.0}, "fails"),
        ({"l1_to_plain": 1.0, "l2_to_damped": 1.0}, "fails"),
    ],
}
