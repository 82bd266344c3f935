import dataclasses
import math

import pytest

from hnrc_lib.training import TrainingConfig


def test_a_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().seed = 1  # pyright: ignore


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("batch_size", 0, "batch_size must be positive, got 0"),
        ("max_epochs", 0, "max_epochs must be positive, got 0"),
        ("learning_rate", 0.0, "learning_rate must be positive, got 0.0"),
        ("learning_rate", math.nan, "learning_rate must be positive, got nan"),
        ("weight_decay", -0.1, "weight_decay must not be negative, got -0.1"),
        ("patience", 0, "patience must be positive or None, got 0"),
        ("average_last", 0, "average_last must lie in 1 … 30, got 0"),
        ("average_last", 31, "average_last must lie in 1 … 30, got 31"),
    ],
)
def test_values_out_of_range_are_refused_by_name(name, value, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**{name: value})


def test_patience_and_averaging_exclude_each_other():
    with pytest.raises(ValueError, match="patience must be None with average_last, got 3"):
        TrainingConfig(patience=3, average_last=2)
