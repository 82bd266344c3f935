"""The claims that the page on the documents and the readings of the name treats."""

VERDICTS = {
    "0.3": "holds if training stops before the minimum",
    "0.12": "holds if training stops after a few steps",
}

CONTRARY = {
    "0.3": [({"end_distance": 0.1}, "holds"), ({"saved": 0.0}, "fails"), ({"saved_error": 1.0}, "fails")],
    "0.12": [
        ({"parameters_after": 30}, "holds"),
        ({"dimension_of_many_steps": 20.0}, "holds"),
        ({"dimension_of_one_step": 44.9}, "fails"),
    ],
}
