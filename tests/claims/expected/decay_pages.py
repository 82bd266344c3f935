"""The claims that the pages on weight decay treat."""

VERDICTS = {
    "3.1": "fails",
    "3.2": "holds",
    "3.3": "holds if the penalty is L1 and its step proximal",
    "3.4": "holds if the zeros are many and skipped",
    "3.5": "holds if there are two words",
    "3.6": "holds",
    "3.7": "fails",
    "3.8": "fails",
    "3.9": "holds if accuracy means that on the training data",
    "3.10": "holds if no normalisation layer follows the weights",
    "3.11": "holds if features are computed first",
    "3.12": "fails",
}

CONTRARY = {
    "3.1": [({"l1_to_l2": 1e-6}, "holds")],
    "3.2": [
        ({"best_test_loss": 99.0}, "fails"),
        ({"norm_3": 0.0}, "fails"),
        ({"dimension_2": 0.0}, "fails"),
    ],
    "3.3": [
        ({"subgradient_zeros": 0.3}, "holds"),
        ({"decay_zeros": 0.3}, "holds"),
        ({"proximal_zeros": 0.0}, "fails"),
    ],
    "3.4": [({"stored_2": 0.3}, "holds"), ({"stored_2": 1.0, "skipped_2": 0.9}, "fails")],
    "3.5": [
        ({"ten_difference": 0.0, "least_for_nine": 0.0}, "holds"),
        ({"two_difference": 0.1}, "fails"),
    ],
    "3.6": [({"violation": 0.1}, "fails"), ({"best_gain": 0.1}, "fails")],
    "3.7": [
        ({"uses_of_lambda": 1, "num_unbound": 0}, "holds if one loop over epochs goes"),
        ({"uses_of_lambda": 1, "num_unbound": 0, "passes_for_ten_epochs": 10}, "holds"),
        ({"uses_of_lambda": 1}, "fails"),
    ],
    "3.8": [({"share_large": 1.0}, "holds")],
    "3.9": [({"best_test_error": 0.9}, "fails"), ({"best_train_error": 0.0}, "fails")],
    "3.10": [
        ({"normalised_schedule_error": 0.1}, "holds"),
        ({"plain_decay_effect": 0.0}, "fails"),
    ],
    "3.11": [({"waveform_error": 0.2}, "holds"), ({"features_error": 0.8}, "fails")],
    "3.12": [
        ({"chosen_test": 0.1, "chosen_train": 0.0}, "holds"),
        ({"chosen_test": 0.1}, "holds if λ is chosen on unseen data"),
    ],
}
