"""The engine with optimisers that take second derivatives, and with every clipping rule."""

import dataclasses
import math

import pytest
import tiny_corpus
import torch

from hnrc_lib.optim import HNRC, HessianFree
from hnrc_lib.training.engine import run_recipe
from hnrc_lib.training.optimizers import make_optimizer, needs_gradient_graph, optimizer_names
from hnrc_lib.training.options import RunOptions
from hnrc_lib.training.recipe import change

EVERY_STEP = RunOptions(device="cpu", checkpoint_seconds=0)
METHODS = {
    "hnrc": {"damping": 1.0, "rank": 4, "refresh": 2, "momentum": 0.5},
    "hessian-free": {"damping": "lm:1", "max_iterations": 5},
    "diagonal-newton": {"damping": 0.1, "momentum": 0.5, "memory": 0.5},
}


def recipe_of(name, **changes):
    rate = {"hnrc": 0.3, "hessian-free": 1.0, "diagonal-newton": 0.05}[name]
    fields = {"optimizer": name, "optimizer_options": METHODS[name], "learning_rate": rate} | changes
    recipe = tiny_corpus.sentence_recipe(**fields)
    return dataclasses.replace(recipe, model={**recipe.model, "dropout": 0.0})


@pytest.mark.parametrize("name", METHODS)
def test_a_run_in_pieces_has_the_same_losses_to_the_bit(tmp_path, name):
    recipe, parts = recipe_of(name, clip="quantile:0.5"), tiny_corpus.sentence_parts()
    whole = run_recipe(recipe, tmp_path / "whole", EVERY_STEP, parts=parts)
    seen = []
    pieces = dataclasses.replace(
        EVERY_STEP, checkpoint_seconds=1e9, progress=seen.append, stop=lambda: len(seen) % 4 == 0
    )
    for _ in range(4):
        result = run_recipe(recipe, tmp_path / "pieces", pieces, parts=parts)
    assert result.finished
    assert result.state.losses == whole.state.losses
    assert result.state.clipped == whole.state.clipped
    assert any(whole.state.clipped)
    assert whole.state.losses[-1] < whole.state.losses[0]
    assert all(report.damping > 0 for report in seen)


@pytest.mark.parametrize("matrix", ["hessian", "ggn", "fisher"])
def test_words_are_learned_with_every_matrix(tmp_path, matrix):
    options = {"damping": 0.5, "rank": 3, "refresh": 3, "momentum": 0.8, "matrix": matrix}
    recipe = tiny_corpus.word_recipe(
        optimizer="hnrc", optimizer_options=options, learning_rate=0.5, max_epochs=12, clip=5.0
    )
    result = run_recipe(recipe, tmp_path, EVERY_STEP, parts=tiny_corpus.word_parts())
    assert result.test.error <= 1 / 9
    assert result.state.losses[-1] < 0.5 * result.state.losses[0]


def test_a_third_partys_optimiser_gets_gradients_that_it_can_differentiate(tmp_path):
    recipe = tiny_corpus.word_recipe(optimizer="rivals:adahessian", learning_rate=0.1, max_epochs=8, clip=5.0)
    result = run_recipe(recipe, tmp_path, EVERY_STEP, parts=tiny_corpus.word_parts())
    assert result.state.losses[-1] < 0.7 * result.state.losses[0]
    made = make_optimizer("rivals:adahessian", torch.nn.Linear(1, 1).named_parameters(), learning_rate=0.1)
    assert needs_gradient_graph(made)


@pytest.mark.parametrize("clip", ["value:0.01", "layer:0.1", "adaptive:0.01", "rank-one:1", "root:1", 0.1])
def test_every_rule_of_clipping_serves_a_recipe(tmp_path, clip):
    recipe = tiny_corpus.word_recipe(clip=clip, max_epochs=1)
    result = run_recipe(recipe, tmp_path, EVERY_STEP, parts=tiny_corpus.word_parts())
    assert any(result.state.clipped)
    assert all(math.isfinite(loss) for loss in result.state.losses)


def test_a_recipes_clipping_is_read_from_text():
    recipe = tiny_corpus.word_recipe()
    assert change(recipe, {"clip": "adaptive:0.01"}).clip == "adaptive:0.01"
    assert change(recipe, {"clip": "2.5"}).clip == 2.5
    assert change(recipe, {"clip": "none"}).clip is None
    with pytest.raises(ValueError, match="clip must be none, a number"):
        change(recipe, {"clip": "hard"})


def test_half_precision_is_refused_where_products_are_taken(tmp_path):
    recipe = recipe_of("hnrc", precision="bfloat16")
    with pytest.raises(ValueError, match="precision must be float32 with hnrc, got 'bfloat16'"):
        run_recipe(recipe, tmp_path, EVERY_STEP, parts=tiny_corpus.sentence_parts())


def test_options_of_the_curvature_are_given_by_name():
    named = list(torch.nn.Linear(3, 2).named_parameters())
    made = make_optimizer("HNRC", named, learning_rate=0.1, damping=2.0, rank=3, matrix="hessian", refresh=7)
    assert isinstance(made, HNRC)
    assert (made.rank, made.curvature.matrix, made.curvature.refresh) == (3, "hessian", 7)
    assert [group["weight_decay"] for group in made.param_groups] == [0.0, 0.0]
    assert isinstance(make_optimizer("hessian-free", named, learning_rate=1.0), HessianFree)
    assert {"hnrc", "damped-newton", "hessian-free", "diagonal-newton"} <= set(optimizer_names())
    with pytest.raises(TypeError, match=r"no options \['ranks'\]; it has \['damping', 'directions'"):
        make_optimizer("hnrc", named, learning_rate=0.1, damping=1.0, ranks=3)
    with pytest.raises(TypeError, match=r"no options \['ranks'\]"):  # before any corpus is read
        recipe_of("hnrc", optimizer_options={"ranks": 3})
