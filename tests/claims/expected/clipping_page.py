"""The claims that the page on clipping treats."""

VERDICTS = {
    "4.1": "holds if only explosion is meant",
    "4.2": "fails",
    "4.3": "holds if its sign is reversed",
    "4.4": "holds if the range is meant entry by entry",
    "4.5": "holds if clipping means the norm, not the formula",
    "4.11": "fails",
    "4.12": "holds if only the difference is claimed",
    "4.13": "holds",
    "4.16": "holds if there is one parameter",
    "4.17": "holds if the threshold suits the gradients",
    "4.18": "holds",
}

CONTRARY = {
    "4.1": [({"small_clipped": 1.0}, "holds"), ({"large_clipped": 2.0}, "fails")],
    "4.2": [
        ({"bytes_clipped": 2000, "time_ratio": 0.5}, "holds"),
        ({"bytes_clipped": 2000, "time_ratio": 1.0}, "holds if one of the two is meant"),
    ],
    "4.3": [
        ({"squared_same": 1e-12}, "holds"),
        ({"squared_negative": 1.0, "logistic_negative": 1.0}, "fails"),
    ],
    "4.4": [
        ({"plain_after": 0.9, "exploded_after": 1.0}, "holds"),
        ({"exploded_largest": 0.2}, "fails"),
    ],
    "4.5": [
        ({"formula_length": 5.0, "formula_angle": 0.0}, "holds"),
        ({"fresh_clipped": 0, "pairs_clipped": 0}, "fails"),
    ],
    "4.11": [
        ({"five_gain": 0.1, "one_gain": 0.1}, "holds"),
        ({"five_gain": 0.1}, "holds if the threshold suits the gradients"),
    ],
    "4.12": [({"sparse_steps": 10}, "holds"), ({"between": 0.1}, "fails")],
    "4.13": [
        ({"ctc_over": 0.8, "cnn_over": 0.8}, "fails"),
        ({"ctc_median": 6.0, "cnn_median": 6.0}, "fails"),
    ],
    "4.16": [({"value": 0.0, "norm": 0.0}, "holds"), ({"huber_error": 1.0}, "fails")],
    "4.17": [({"one_loss": 0.1}, "holds"), ({"five_loss": 0.25}, "fails")],
    "4.18": [({"clipped": 1.6}, "fails")],
}
