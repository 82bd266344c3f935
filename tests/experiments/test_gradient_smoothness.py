from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from hnrc_lib.curvature import dense_hessian
from hnrc_lib.experiments import gradient_smoothness
from hnrc_lib.experiments.gradient_smoothness import Config, Planned
from hnrc_lib.experiments.optimisers.contest import CONTESTS
from hnrc_lib.experiments.optimisers.track import Track
from hnrc_lib.experiments.record import load_record
from hnrc_lib.experiments.smoothness_look import fixed_loss, look, path_quotients
from hnrc_lib.training.corpora import load_parts
from hnrc_lib.widgets import SayADigit
from hnrc_lib.widgets.clips import shipped_clips
from hnrc_lib.widgets.say_digit import reference

TINY = Config(plan=(Planned("quick", 0.03, 5.0, 2, 1, 8, 1),), held_out=None)


def _net(p):
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).view(4, 3)
    return cross_entropy(torch.tanh(x @ p["w"]) @ p["v"], torch.tensor([0, 1, 1, 0]))


def _points():
    source = torch.Generator().manual_seed(1)
    start = {
        "w": torch.randn(3, 5, generator=source).double(),
        "v": torch.randn(5, 2, generator=source).double(),
    }
    step = {name: 0.1 * torch.randn(value.shape, generator=source) for name, value in start.items()}
    return start, {name: start[name] + step[name] for name in start}


def test_a_look_is_what_gradients_and_the_dense_hessian_say():
    start, end = _points()
    found = look(_net, start, end, num_points=3, rtol=1e-6, generator=torch.Generator().manual_seed(0))
    d = torch.cat([(end[n] - start[n]).flatten() for n in start])
    H = dense_hessian(_net, start)

    def slope(params):
        return torch.cat([g.flatten() for g in torch.func.grad(_net)(params).values()])

    half = {n: start[n] + (end[n] - start[n]) / 3 for n in start}
    eigenvalues = torch.linalg.eigvalsh(H)
    assert found.norm == pytest.approx(float(slope(start).norm()))
    assert found.quotients[0] == pytest.approx(float((slope(half) - slope(start)).norm() / (d.norm() / 3)))
    assert found.quotients[2] == pytest.approx(float((slope(end) - slope(start)).norm() / d.norm()))
    assert found.along == pytest.approx(float((H @ d).norm() / d.norm()))
    assert found.top == pytest.approx(float(max(eigenvalues, key=abs)), rel=1e-5)
    assert (found.loss, found.length) == (pytest.approx(float(_net(start))), pytest.approx(float(d.norm())))


def test_on_a_short_step_the_quotient_is_the_product_with_the_hessian():
    start, end = _points()
    near = {n: start[n] + 1e-5 * (end[n] - start[n]) for n in start}
    found = look(_net, start, near, num_points=2, rtol=1e-3, generator=torch.Generator().manual_seed(0))
    assert found.quotients == pytest.approx([found.along] * 2, rel=1e-4)
    assert found.along <= abs(found.top)


def test_a_largest_eigenvalue_that_is_negative_keeps_its_sign():
    start, end = {"x": torch.zeros(2)}, {"x": torch.ones(2)}
    found = look(
        lambda p: p["x"][0] ** 2 - 3 * p["x"][1] ** 2,
        start,
        end,
        num_points=1,
        rtol=1e-4,
        generator=torch.Generator().manual_seed(0),
    )
    assert found.top == pytest.approx(-6)
    assert found.quotients[0] == pytest.approx(20**0.5)


def test_no_step_and_a_run_that_diverged_are_not_looked_at():
    start, end = _points()
    options = {"num_points": 1, "rtol": 1e-3, "generator": torch.Generator().manual_seed(0)}
    assert look(_net, start, start, **options) is None
    for bad in (1e7, float("inf"), float("nan")):
        assert look(lambda p, bad=bad: p["w"].sum() * 0 + bad, start, end, **options) is None


@pytest.fixture(scope="module")
def seen():
    return gradient_smoothness.run(TINY)


def test_the_first_look_is_at_the_initial_weights_and_the_step_is_clipped(seen):
    recipe = CONTESTS["quick"].on_split(None)
    track = Track(recipe, load_parts(recipe.corpus))
    learner, _ = track.learner("sgd", {"learning_rate": 0.03, "momentum": 0.9, "clip": 5.0}, 0)
    loss = fixed_loss(track, learner.model, 8)
    slopes = torch.func.grad(loss)({name: p.detach() for name, p in learner.model.named_parameters()})
    norm = torch.cat([slope.flatten() for slope in slopes.values()]).norm()
    arrays = seen.arrays
    assert arrays["0/norm"][0, 0] == pytest.approx(float(norm), rel=1e-4)
    assert arrays["0/batch_norm"][0, 0] > 5
    assert arrays["0/length"][0, 0] == pytest.approx(0.03 * 5, rel=1e-4)
    assert arrays["0/step"].tolist() == [0, 1]
    assert arrays["0/quotients"].shape == (1, 2, 4)
    with pytest.raises(ValueError, match=r"num_utterances must lie in 1 … 256, got 257"):
        fixed_loss(track, learner.model, 257)


def test_a_run_says_how_it_was_made(seen):
    assert seen.provenance.scale == "reduced"
    assert seen.provenance.config == asdict(TINY)
    assert seen.scalars["rows"][0]["clip"] == 5.0
    assert seen.provenance.model == "shipped digits, CNN (89,514 parameters)"


def test_steps_that_every_does_not_divide_are_refused():
    wrong = replace(TINY, plan=(Planned("quick", 0.03, None, 5, 2, 8, 1),))
    with pytest.raises(ValueError, match="every must divide steps, 5, got 2"):
        gradient_smoothness.run(wrong)


def test_a_quadratic_has_one_quotient_on_all_of_the_step():
    ones, zeros = {"x": torch.ones(2)}, {"x": torch.zeros(2)}
    found = path_quotients(lambda p: (torch.tensor([1.0, 3.0]) * p["x"] ** 2).sum(), ones, zeros, 3)
    np.testing.assert_allclose(found, [20**0.5] * 3, rtol=1e-5)


def test_the_sounds_are_heard_by_the_trained_model_and_by_the_three_sets_of_weights(seen):
    arrays, facts = seen.arrays, seen.scalars
    assert facts["clip_digits"] == list(range(10)) * 4
    assert len(facts["take_names"]) == arrays["0/takes/answer"].shape[1] == len(facts["take_digits"])
    assert arrays["0/clips/answer"].shape == (1, 40)
    assert arrays["weights/answer"].shape == (3, len(facts["take_names"]))
    for kind in ("0/takes", "0/clips", "weights"):
        answer, sure, truth = (arrays[f"{kind}/{name}"] for name in ("answer", "sure", "truth"))
        digits = np.array(facts["clip_digits" if kind == "0/clips" else "take_digits"])
        assert np.isin(answer, range(10)).all()
        right = answer == digits
        np.testing.assert_array_equal(sure[right], truth[right])
        assert (sure >= truth).all()
        assert (sure[~right] + truth[~right] <= 1.001).all()


def test_the_stored_weights_answer_as_the_page_that_runs_them_does(seen):
    takes = load_parts(CONTESTS["quick"].on_split(None).corpus).test
    place = next(i for i, u in enumerate(takes) if u.name == "en-andrea/6_0")
    assert seen.scalars["take_names"][place] == "en-andrea/6_0"
    shown = SayADigit(shipped_clips(["en-andrea/6_0"]))
    clean = shown.card["front_end"], takes[place].samples.double().numpy()
    image = reference.features(clean[1], clean[0])
    stored = load_record("digit_weights").arrays
    for row, name in enumerate(reference.SETS):
        prefix = f"{name}/weights/"
        weights = {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}
        chances = reference.softmax(reference.logits(image, weights))
        assert seen.arrays["weights/answer"][row, place] == chances.argmax()
        assert seen.arrays["weights/sure"][row, place] == pytest.approx(chances.max(), abs=2e-3)
