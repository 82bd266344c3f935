"""The claims that the page on the recognition pipeline treats."""

VERDICTS = {
    "4.6": "holds",
    "4.7": "fails",
    "4.8": "holds if the free state is weighted by its posterior",
    "4.9": "holds if the dependence spans few frames",
    "4.10": "holds if the forget gate starts open",
    "4.14": "holds if acceleration is asked of the student alone",
    "4.15": "holds if synthesis is not counted as recognition",
}

CONTRARY = {
    "4.6": [({"accuracy_low": 0.3}, "fails")],
    "4.7": [
        ({"printed_change": 1.0, "printed_to_mean": 0.0}, "holds"),
        ({"printed_to_mean": 0.0}, "holds if the mean over time is meant"),
        ({"printed_change": 1.0}, "fails"),
    ],
    "4.8": [
        ({"third_low": 0.1, "third_high": 0.1, "likelihood": 0.1}, "holds"),
        ({"first_lines_error": 0.1}, "fails"),
        ({"mended_error": 0.1}, "fails"),
    ],
    "4.9": [
        ({"recalled_long": 1.0}, "holds"),
        ({"difference": 0.1}, "fails"),
        ({"recalled_short": 0.5}, "fails"),
    ],
    "4.10": [
        ({"recalled_half": 1.0}, "holds"),
        ({"difference": 0.1}, "fails"),
        ({"recalled_open": 0.5}, "fails"),
    ],
    "4.14": [
        ({"int8_time": 0.5}, "holds"),
        ({"student_time": 1.0}, "fails"),
        ({"int8_accuracy": 0.1}, "fails"),
        ({"student_bytes": 0.9}, "fails"),
    ],
    "4.15": [({"recognised": 2}, "holds"), ({"command_error": 0.6}, "fails")],
}
