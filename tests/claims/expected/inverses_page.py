"""The claims that the page on inverses of low rank treats."""

VERDICTS = {
    "0.17": "holds if “better” counts steps, not gradients",
    "2.4": "fails",
    "2.5": "holds if |·| and λ guard each division",
    "2.13": "holds if λ is multiplied with the loss or λ is measured in Adam's metric",
    "2.14": "holds if steps are counted, not gradients",
    "2.15": "fails",
}

_RESTS = {"minimum_correction": 0.0, "parabola_rest": 0.0, "turned_by_units": 0.0}

CONTRARY = {
    "0.17": [
        ({"num_descending": 9}, "fails"),
        ({"descent_whole_twice": 9.0, "descent_parts_twice": 9.0}, "holds"),
        ({"descent_whole_twice": 9.0}, "holds if “better” counts steps, not gradients"),
        ({"descent_parts": 0.0}, "holds if “combine” alone is meant, not “better”"),
    ],
    "2.4": [
        (_RESTS, "holds if only the diagonal of H is meant"),
        (_RESTS | {"printed_entries": 40}, "holds"),
        ({"printed_entries": 40}, "fails"),
        (_RESTS | {"parabola_rest": -2.0}, "fails"),
        (_RESTS | {"minimum_correction": 0.1}, "fails"),
        (_RESTS | {"turned_by_units": 80.0}, "fails"),
    ],
    "2.5": [
        ({"plain_loss": 1.0}, "holds"),
        ({"guarded_loss": 2.5}, "fails"),
        ({"probed_loss": 2.5}, "fails"),
    ],
    "2.13": [
        ({"hnrc": 1e-3}, "holds"),
        ({"hnrc_in_adams_metric": 1.0}, "holds if λ is multiplied with the loss"),
        ({"hnrc_scaled_damping": 1.0}, "holds if λ is measured in Adam's metric"),
        ({"hnrc_scaled_damping": 1.0, "hnrc_in_adams_metric": 1.0}, "fails"),
        ({"rmsprop": 0.5}, "fails"),
    ],
    "2.14": [
        ({"lower_at_equal_gradients": 5, "hybrid_at_equal_gradients": 3}, "holds"),
        ({"lower_at_equal_gradients": 5}, "holds if steps are counted, not gradients"),
        ({"lower_at_equal_steps": 4}, "fails"),
        ({"hybrid_at_equal_steps": 1}, "fails"),
    ],
    "2.15": [
        ({"inverses_in_formula": 1}, "holds"),
        ({"inverses_in_program": 1}, "holds if the program is meant, not the formula"),
        ({"inverse_step": 6, "inverses_in_formula": 1}, "fails"),
    ],
}
