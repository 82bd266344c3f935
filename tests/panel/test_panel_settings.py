import dataclasses
import math

import pytest

from hnrc_lib.panel import PanelSettings
from hnrc_lib.panel.settings import CLIPS, DAMPINGS, DECAYS, MODELS, OPTIMIZERS
from hnrc_lib.training.engine import run_recipe

EXTREMES = {
    **{f"model {name}": {"model": name} for name in MODELS},
    **{f"optimizer {name}": {"optimizer": name} for name in OPTIMIZERS},
    **{f"damping {end}": {"damping": end} for end in (DAMPINGS[0], DAMPINGS[-1])},
    **{f"clip {end}": {"clip": end} for end in (CLIPS[0], CLIPS[-1])},
    **{f"decay {end}": {"decay": end} for end in (DECAYS[0], DECAYS[-1])},
    **{f"rate {end}": {"rate": end} for end in (1e-4, 10**0.5)},
    "seed 9999": {"seed": 9999},
}


@pytest.mark.parametrize("changes", EXTREMES.values(), ids=EXTREMES)
def test_every_control_at_its_ends_trains(tmp_path, few, changes):
    """Two steps on few utterances: what the engine refuses, the panel must not offer."""
    recipe = PanelSettings(epochs=1, **changes).recipe()
    result = run_recipe(recipe, tmp_path, parts=few)
    assert result.finished
    assert result.state.step == 2
    assert math.isfinite(result.state.epochs[0].train_loss)


def test_the_damped_step_tends_to_gradient_descent(tmp_path, few):
    """With the rate ηλ and no curvature left beside a huge λ, HNRC and SGD take the same steps."""
    losses = []
    for name, damping in (("HNRC, rank 8", 1e9), ("SGD with momentum", 1.0)):
        settings = PanelSettings(optimizer=name, damping=damping, epochs=1, clip=1.0)
        recipe = dataclasses.replace(settings.recipe(), batch_size=24)
        losses.append(run_recipe(recipe, tmp_path / name, parts=few).state.epochs[0].train_loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "GMM"}, "model must be one of CNN, LSTM, Elman network, got 'GMM'"),
        ({"optimizer": "adam"}, "optimizer must be one of HNRC, rank 8, .*, got 'adam'"),
        ({"rate": 0.0}, "rate must be a positive number, got 0.0"),
        ({"damping": math.inf}, "damping must be a positive number, got inf"),
        ({"clip": -1.0}, "clip must be positive, got -1.0"),
        ({"decay": -0.1}, "decay must not be negative, got -0.1"),
        ({"epochs": 0}, "epochs must lie in 1 … 50, got 0"),
    ],
)
def test_a_value_out_of_range_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        PanelSettings(**changes)


def test_decay_is_per_unit_of_the_rate():
    """Whatever the optimiser, α·decay is what a step takes off the weights."""
    hnrc = PanelSettings(damping=4.0, decay=0.2).recipe()
    assert hnrc.learning_rate * hnrc.weight_decay == pytest.approx(0.05 * 0.2)
    adamw = PanelSettings(optimizer="AdamW", decay=0.2).recipe()
    assert adamw.weight_decay == 0.2
    sgd = PanelSettings(optimizer="SGD with momentum", decay=0.2).recipe()
    assert sgd.weight_decay / (1 - sgd.optimizer_options["momentum"]) == pytest.approx(0.2)
