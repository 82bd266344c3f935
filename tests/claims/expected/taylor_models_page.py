"""The claims that the page on Taylor models treats."""

VERDICTS = {
    "1.1": "fails",
    "1.4": "holds if f is three times continuously differentiable near x",
    "1.5": "fails",
    "1.6": "holds if ∇²f(x) is positive definite",
    "1.10": "holds",
    "1.14": "holds if the length of a step is its Euclidean norm",
}

CONTRARY = {
    "1.1": [
        ({"num_subgradients": 0, "slope_difference": 1.0}, "holds"),
        ({"curvature_growth": 1.0, "slope_difference": 1.0}, "holds"),
        ({"curvature_growth": 1.0}, "fails"),
        ({"slope_difference": 1.0}, "fails"),
    ],
    "1.4": [
        ({"relu_second_slope": 3.0}, "holds"),
        ({"tanh_second_slope": 2.0}, "fails"),
        ({"tanh_first_slope": 1.0}, "fails"),
    ],
    "1.5": [({"farthest_from_newton": 1e-9}, "holds")],
    "1.6": [
        ({"saddle_lower": 0, "maximum_lower": 0}, "holds"),
        ({"maximum_lower": 0}, "holds if ∇²f(x) is positive definite"),
        ({"minimum_lower": 1}, "fails"),
    ],
    "1.10": [({"newton_other": 0, "newton_saddle": 0, "newton_maximum": 0}, "fails")],
    "1.14": [
        ({"damped_newton": 0.1}, "holds"),
        ({"plain_newton": 10.0}, "fails"),
        ({"plain_random": 10.0}, "fails"),
    ],
}
