"""The claims that the page on step sizes and the edge of stability treats."""

VERDICTS = {
    "1.2": "holds",
    "1.13": "holds if the step is longer than the quadratic model is right for",
}

CONTRARY = {
    "1.2": [
        ({"law_error": 0.2}, "fails"),
        ({"worst_rate_loss": 0.6}, "holds if it is the batch that is adjusted"),
        ({"sgd_loss": 0.8, "adam_loss": 0.8}, "holds if it is the batch that is adjusted"),
    ],
    "1.13": [
        ({"near_full": 0.1}, "holds"),
        ({"far_full_loss": 1.0}, "fails"),
        ({"far_rated_loss": 9.0}, "fails"),
        ({"law_error": 0.01}, "fails"),
    ],
}
