import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import binomtest

from hnrc_lib.training import confusion_matrix, evaluate, mcnemar_test, wilson_interval


@settings(deadline=None, max_examples=25)
@given(num_examples=st.integers(1, 40), batch_size=st.integers(1, 50))
def test_loss_and_accuracy_are_those_of_numpy_at_every_batch_size(num_examples, batch_size):
    generator = torch.Generator().manual_seed(num_examples)
    model = torch.nn.Linear(3, 4)
    features = torch.randn(num_examples, 3, generator=generator)
    labels = torch.randint(4, (num_examples,), generator=generator)
    logits = features.double().numpy() @ model.weight.detach().double().numpy().T
    logits += model.bias.detach().double().numpy()
    losses = logsumexp(logits, axis=1) - logits[np.arange(num_examples), labels]
    found = evaluate(model, (features, labels), batch_size=batch_size)
    assert found.loss == pytest.approx(losses.mean(), rel=1e-5)
    assert found.accuracy == pytest.approx((logits.argmax(1) == labels.numpy()).mean())
    assert found.predictions.tolist() == logits.argmax(1).tolist()


class Failing(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, features):
        assert not self.training
        raise RuntimeError("no answer")


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_model_is_given_back_even_on_an_exception(training):
    data = torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64)
    model = torch.nn.Linear(3, 2).train(training)
    evaluate(model, data)
    assert model.training is training
    failing = Failing().train(training)
    with pytest.raises(RuntimeError, match="no answer"):
        evaluate(failing, data)
    assert failing.training is training


def test_dropout_does_not_disturb_an_evaluation():
    model = torch.nn.Sequential(torch.nn.Dropout(0.9), torch.nn.Linear(30, 2))
    data = torch.ones(4, 30), torch.zeros(4, dtype=torch.int64)
    assert evaluate(model, data).loss == evaluate(model, data).loss


def test_a_batch_size_below_one_is_refused():
    with pytest.raises(ValueError, match="batch_size must be positive, got 0"):
        evaluate(torch.nn.Linear(1, 2), (torch.zeros(1, 1), torch.zeros(1, dtype=torch.int64)), batch_size=0)


@settings(deadline=None, max_examples=25)
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30))
def test_confusion_counts_pairs(pairs):
    labels = torch.tensor([pair[0] for pair in pairs], dtype=torch.int64)
    predictions = torch.tensor([pair[1] for pair in pairs], dtype=torch.int64)
    expected = np.zeros((5, 5), dtype=int)
    for label, prediction in pairs:
        expected[label, prediction] += 1
    assert confusion_matrix(labels, predictions, 5).tolist() == expected.tolist()


def test_classes_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"labels must lie in 0 … 2, got 0 … 3"):
        confusion_matrix(torch.tensor([0, 3]), torch.tensor([0, 1]), 3)
    with pytest.raises(ValueError, match=r"predictions must lie in 0 … 2, got -1 … 1"):
        confusion_matrix(torch.tensor([0, 2]), torch.tensor([-1, 1]), 3)


@settings(deadline=None, max_examples=50)
@given(trials=st.integers(1, 2000), fraction=st.floats(0, 1))
def test_wilson_interval_is_scipys(trials, fraction):
    successes = round(fraction * trials)
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_wilson_interval_refuses_what_is_no_proportion():
    with pytest.raises(ValueError, match="trials must be positive, got 0"):
        wilson_interval(0, 0)
    with pytest.raises(ValueError, match=r"successes must lie in 0 … 5, got 6"):
        wilson_interval(6, 5)
    with pytest.raises(ValueError, match="z must be positive, got nan"):
        wilson_interval(1, 5, z=math.nan)


@settings(deadline=None, max_examples=50)
@given(first=st.integers(0, 300), second=st.integers(0, 300))
def test_mcnemars_test_is_the_binomial_one(first, second):
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar_test(first, second) == pytest.approx(expected, rel=1e-9)


def test_mcnemars_test_counts_the_coins_that_fall_as_far_from_even():
    tosses = [sum(coins) for coins in itertools.product((0, 1), repeat=7)]
    far = sum(abs(heads - 3.5) >= abs(2 - 3.5) for heads in tosses)
    assert mcnemar_test(2, 5) == mcnemar_test(5, 2) == far / 2**7


def test_mcnemars_test_refuses_negative_counts():
    with pytest.raises(ValueError, match="counts must not be negative, got 3 and -1"):
        mcnemar_test(3, -1)
