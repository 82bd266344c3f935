from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from hnrc_lib.curvature import dense_hessian, unflatten
from hnrc_lib.experiments import fsdd_hessian
from hnrc_lib.experiments.digit_problem import digit_problem
from hnrc_lib.experiments.fsdd_hessian import Config, final_hessian, findings
from hnrc_lib.experiments.record import load_record
from hnrc_lib.optim import damped_newton_step
from hnrc_lib.paths import corpora_dir, shipped


@pytest.fixture(scope="module")
def live():
    return fsdd_hessian.live()


@pytest.fixture(scope="module")
def recorded():
    return load_record(fsdd_hessian.NAME)


def test_record_and_live_run_show_the_same(live, recorded):
    expected = dict.fromkeys(findings(recorded), True)
    assert findings(recorded) == expected
    assert findings(live) == expected


def test_the_record_is_of_real_speech_in_full_and_complete(recorded):
    where = recorded.provenance
    assert where.corpus.startswith("FSDD train, ")
    assert where.scale == "full"
    assert set(where.config) == {field.name for field in fields(Config)}
    assert sum(recorded.scalars["blocks"].values()) == 826
    assert where.model == "MLP 40-16-10, tanh, 826 parameters"
    assert shipped("runs", "fsdd_hessian.npz").stat().st_size < 1_000_000


def test_live_says_that_it_is_neither(live):
    assert "synthetic" in live.provenance.corpus
    assert live.provenance.scale == "reduced"
    assert live.name != fsdd_hessian.NAME


def test_the_stored_hessian_has_the_spectrum_that_was_measured(recorded):
    stored = np.linalg.eigvalsh(final_hessian(recorded))
    measured = recorded.arrays["eigenvalues"][-1]
    assert np.abs(stored - measured).max() < 1e-3 * measured[-1]
    np.testing.assert_allclose(stored[-20:], measured[-20:], rtol=2e-3)


def test_the_model_recognises_speech_it_was_not_trained_on(recorded):
    assert recorded.arrays["curve_train_accuracy"][-1] > 0.95
    assert recorded.arrays["curve_test_accuracy"][-1] > 0.85
    assert recorded.arrays["curve_test_accuracy"][0] < 0.2


def test_each_step_of_the_sweep_is_that_of_damped_newton(live):
    arrays = live.arrays
    hessian = torch.from_numpy(final_hessian(live))
    gradient = torch.from_numpy(arrays["gradients"][-1])
    definite = np.nonzero(arrays["positive_definite"][-1])[0]
    for index in definite[1:]:  # the first may lie too near the threshold for half precision
        step = damped_newton_step(hessian, gradient, float(arrays["dampings"][index]))
        assert float(step.step.norm()) == pytest.approx(arrays["step_length"][-1, index], rel=5e-3)
        assert step.predicted_reduction == pytest.approx(arrays["predicted_reduction"][-1, index], rel=5e-3)


def test_beyond_its_threshold_the_step_lowers_the_loss(live):
    arrays = live.arrays
    largest = live.arrays["eigenvalues"][:, -1:]
    enough = arrays["dampings"] > largest
    assert (arrays["actual_reduction"][enough] > 0).all()
    assert (arrays["rank_one_actual_reduction"][enough] > 0).all()


def test_without_damping_the_rank_one_step_explodes_and_newtons_does_not(recorded):
    arrays = recorded.arrays
    assert (arrays["rank_one_actual_reduction"][:, 0] < 1e3 * arrays["actual_reduction"][:, 0]).all()


@pytest.mark.parametrize(
    ("finding", "name", "change"),
    [
        ("finite differences agree", "difference_errors", lambda a: a + 1e-3),
        ("indefinite at every stage", "eigenvalues", lambda a: np.abs(a)),
        ("negative part shrinks as it trains", "eigenvalues", lambda a: a[::-1]),
        ("most eigenvalues are small", "eigenvalues", lambda a: np.sign(a) * a.max()),
        ("positive definite from λ = −h_min on", "positive_definite", lambda a: ~a),
        ("the condition number falls with λ", "condition_number", lambda a: a[:, ::-1]),
        ("small λ gives Newton's direction", "angle_to_newton", lambda a: a + 2),
        ("large λ gives the gradient's direction", "angle_to_gradient", lambda a: a + 2),
        ("the model is right for short steps", "gain_ratio", lambda a: a * 1.1),
    ],
)
def test_a_finding_is_not_found_where_the_numbers_deny_it(live, finding, name, change):
    assert not findings(replace(live, arrays=live.arrays | {name: change(live.arrays[name])}))[finding]


def test_findings_from_scalars_can_fail_too(live):
    crooked = replace(live, scalars=live.scalars | {"asymmetry_float64": 1e-6})
    assert not findings(crooked)["symmetric but for rounding"]
    stages = [stage | {"zero": 0} for stage in live.scalars["stages"]]
    bent = replace(live, scalars=live.scalars | {"stages": stages})
    assert not findings(bent)["softmax leaves hidden + 1 directions flat"]


@pytest.mark.speech
def test_the_recorded_hessian_is_that_of_the_recorded_parameters_on_real_speech(recorded):
    if corpora_dir() is None:
        pytest.skip("HNRC_DATA_DIR names no corpora")
    config = Config()
    problem = digit_problem(
        config.corpus,
        num_utterances=None,
        pooled=(config.pooled_frames, config.pooled_bands),
        hidden=config.hidden,
        seed=config.seed,
    )
    assert problem.corpus.manifest_sha256 == recorded.provenance.manifest_sha256
    params = unflatten(torch.from_numpy(recorded.arrays["parameters"]), problem.snapshot())
    hessian = dense_hessian(problem.loss, params).numpy()
    np.testing.assert_allclose(final_hessian(recorded), hessian, rtol=6e-4, atol=1e-8)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(hessian), recorded.arrays["eigenvalues"][-1], rtol=1e-6, atol=1e-8
    )
