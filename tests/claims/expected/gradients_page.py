"""The claims that the page on gradients through depth and time treats."""

VERDICTS = {
    "0.1": "holds if the Gauss–Newton matrix takes H's place where gradients vanish",
    "0.2": "fails",
    "0.10": "holds",
    "0.18": "holds",
    "1.3": "holds if the updates are too large",
    "2.1": "fails",
    "2.2": "holds if gradients are large against ε",
}

CONTRARY = {
    "0.1": [
        ({"damped_ratio": 1.0}, "holds"),
        ({"gauss_newton_ratio": 1e-3}, "holds if the gradient explodes"),
        ({"step_growth": 50.0}, "fails"),
    ],
    "0.2": [({"rested_curvature": 1e-3}, "holds"), ({"sure_curvature": 1.0}, "holds")],
    "0.10": [
        ({"lstm_long": 0.01}, "holds if the network is an Elman network"),
        ({"rnn_long": 1e-3}, "fails"),
        ({"large_rnn_long": 10.0}, "fails"),
    ],
    "0.18": [
        ({"largest_difference": 0.1}, "fails"),
        ({"flat_contraction": 0.5}, "fails"),
        ({"below_after_40": 1.1}, "fails"),
        ({"above_after_40": 0.9}, "fails"),
    ],
    "1.3": [({"tiny_change": 0.01}, "holds"), ({"large_change": 1.0}, "fails")],
    "2.1": [
        (
            {
                "recurrent_large": 0.8,
                "convolutional_small": 1.2,
                "convolutional_usual": 1.2,
            },
            "holds",
        ),
        ({"recurrent_large": 0.8}, "holds if one looks at these weights alone"),
        ({"convolutional_large": 1.0}, "holds if one looks at these weights alone"),
    ],
    "2.2": [
        ({"adam_tiny": 1.0, "rmsprop_tiny": 1.0, "adagrad_tiny": 1.0}, "holds"),
        ({"adam_spread": 2.0}, "fails"),
        ({"rmsprop_spike": 30.0}, "fails"),
        ({"sgd_spread": 10.0}, "fails"),
    ],
}
