"""The claims that the page on spectra treats."""

VERDICTS = {
    "2.3": "holds if “asymmetric” is struck out and units can die, as ReLUs do",
    "2.6": "fails",
    "2.7": "fails",
    "2.8": "fails",
    "2.9": "holds",
    "2.10": "fails",
    "2.11": "holds",
    "2.12": "fails",
}

_WON = {
    "hnrc_train_loss_mean": 0.0,
    "hnrc_test_error_mean": 0.0,
    "first_test_error_mean": 1.0,
    "first_train_loss_mean": 5.0,
}

CONTRARY = {
    "2.3": [
        ({"zeros_tanh_6": 0.5}, "holds if “asymmetric” is struck out"),
        ({"zeros_tanh_6": 0.5, "most_asymmetric": 1e-3}, "holds"),
        ({"zeros_relu_6": 0.0, "null_relu_6": 7}, "fails"),
    ],
    "2.6": [
        ({"difference_from_adam": 1e-3}, "holds if its defects are mended"),
        ({"second_derivative_calls": 1}, "holds if its defects are mended"),
        ({"second_derivative_calls": 1, "errors_as_printed": 0}, "holds"),
    ],
    "2.7": [
        ({f"cnn_{key}": value for key, value in _WON.items()}, "holds if the network is the CNN"),
        ({f"lstm_{key}": value for key, value in _WON.items()}, "holds if the network is the LSTM"),
        ({f"ctc_{key}": value for key, value in _WON.items()}, "holds if the network is the CTC network"),
        (
            {f"{task}_{key}": value for key, value in _WON.items() for task in ("cnn", "lstm")},
            "holds",
        ),
        ({"lstm_hnrc_train_loss_mean": 0.0}, "fails"),
    ],
    "2.8": [
        ({"hessian_error_graph": 1.0}, "holds if the network is a graph network"),
        ({"asymmetry_transformer": 1e-3}, "holds if the network is a Transformer"),
        ({"after_graph": 9.0, "gauss_newton_error_transformer": 1.0}, "holds"),
    ],
    "2.9": [
        ({"difference": 1e-3}, "fails"),
        ({"hessian_ms_2": 1e9}, "holds if the product is the Gauss–Newton matrix's"),
        ({"hessian_ms_2": 1e9, "gauss_newton_ms_2": 1e9}, "fails"),
    ],
    "2.10": [
        ({"bits_small": 10}, "holds if λ is small against the largest eigenvalue"),
        ({"bits_small": 10, "bits_middle": 10, "bits_large": 10}, "holds"),
    ],
    "2.11": [
        ({"hnrc_least_time": 1.0}, "fails"),
        ({"hnrc_k_time": 1.5}, "holds if less than twice as dear is still called dear"),
    ],
    "2.12": [
        ({"gradient_error_bad": 1e-3}, "holds"),
        ({"condition_bad": 2e4}, "holds if the Hessians compared differ enough"),
    ],
}
