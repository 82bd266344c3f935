"""The claims that the page on the printed regression and on conditioning treats."""

VERDICTS = {
    "1.7": "holds if the loss is quadratic and badly conditioned",
    "1.8": "fails",
    "1.9": "holds",
    "1.11": "fails",
    "1.12": "holds if it speaks of adaptive steps alone",
}

CONTRARY = {
    "1.7": [
        ({"round_saving": 2.0, "tasks_in_fewer_seconds": 3}, "holds"),
        ({"round_saving": 2.0}, "holds if the loss is quadratic"),
        ({"tasks_in_fewer_seconds": 3}, "holds if the loss is badly conditioned"),
        ({"steep_saving": 0.5, "tasks_in_fewer_seconds": 3}, "holds if the loss is that of a network"),
        ({"steep_saving": 0.5}, "fails"),
    ],
    "1.8": [
        ({"printed_raises": 0, "printed_distance": 1e-5}, "holds"),
        ({"printed_raises": 0, "printed_distance": 1e-2}, "fails"),
        ({"printed_distance": 1e-5}, "fails"),
    ],
    "1.9": [
        ({"lost_64": 2.0}, "holds if cost is meant"),
        ({"inverse_to_product": 2.0}, "holds if stability is meant"),
        ({"lost_64": 2.0, "inverse_to_product": 2.0}, "fails"),
    ],
    "1.11": [
        ({"sgd_shape": 0.5, "momentum_shape": 0.5}, "holds"),
        ({"momentum_shape": 0.5}, "holds if momentum alone is meant"),
        ({"sgd_shape": 0.5}, "holds if SGD alone is meant"),
        ({"sgd_shape": 0.5, "other_shape": 0.0}, "fails"),
    ],
    "1.12": [
        ({"tasks_won_by_fusion": 3, "gpu_rows_run": 1}, "holds"),
        ({"tasks_won_by_fusion": 3}, "holds if it speaks of fusion and adaptive steps alone"),
        ({"adapted_loss": 1e3, "gpu_rows_run": 1}, "holds if it speaks of a GPU alone"),
        ({"adapted_loss": 1e3}, "fails"),
    ],
}
