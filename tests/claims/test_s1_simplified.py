"""Claim 1.11: the Hessian's own Kronecker form, and the ratios that the page speaks of."""

import pytest
import torch

from hnrc_lib.claims.s1_simplified import _applied, _bfgs, _kronecker, _shape
from hnrc_lib.claims.subjects import ReferenceClass, SpeechProblem, seeded, speech_features


def test_where_all_classes_are_equally_likely_the_kronecker_factors_are_the_hessian():
    features, labels = speech_features(num_utterances=50)
    problem = SpeechProblem(seeded(ReferenceClass(3), 0), features[:, :3], labels)
    zero = {name: torch.zeros_like(value) for name, value in problem.params().items()}
    torch.testing.assert_close(
        _kronecker(problem, zero), problem.operator(zero).to_dense(), rtol=1e-10, atol=1e-12
    )


def test_momentum_multiplies_a_constant_gradient_by_its_rate_over_one_minus_beta():
    found = _applied(lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9), 3)
    torch.testing.assert_close(found, torch.eye(3, dtype=torch.float64), rtol=1e-10, atol=1e-12)


def test_the_shape_is_zero_for_a_number_alone():
    assert _shape(0.5 * torch.eye(4, dtype=torch.float64)) < 1e-15
    assert _shape(torch.diag(torch.tensor([1.0, 3.0]))) == pytest.approx((2 / 10) ** 0.5)


def test_bfgs_with_exact_searches_ends_at_the_inverse():
    A = torch.diag(torch.tensor([1.0, 2.0, 5.0, 9.0], dtype=torch.float64))
    torch.testing.assert_close(_bfgs(A), torch.linalg.inv(A), rtol=1e-8, atol=1e-10)


def test_newton_reaches_condition_number_one_and_two_of_the_others_make_it_worse(measured):
    numbers = measured("1.11").numbers
    assert numbers["newton"] * numbers["condition"] == pytest.approx(1, rel=1e-6)
    assert numbers["diagonal"] > 1  # the page says so
    assert numbers["low_rank"] > 1
    assert numbers["kronecker"] < numbers["bfgs"] < 1
