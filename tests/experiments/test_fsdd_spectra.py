"""The eigenvalues against matrices taken entry by entry; what the shipped record must show."""

import numpy as np
import pytest
import torch
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.curvature import dense_hessian
from hnrc_lib.experiments import fsdd_spectra
from hnrc_lib.experiments.fsdd_spectra import MODELS, Config
from hnrc_lib.experiments.record import load_record

QUICK = Config(
    corpus="digits", num_utterances=40, size=8, channels=(2, 2), hidden=3, recurrent=3, epochs=(0, 1)
)


@pytest.fixture(scope="module")
def quick():
    return fsdd_spectra.run(QUICK)


@pytest.mark.parametrize("name", MODELS)
def test_a_spectrum_is_that_of_the_matrix_taken_entry_by_entry(name, quick):
    generator = torch.Generator().manual_seed(0)
    model = QUICK.model(name)
    features = torch.randn(6, 8, 8, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 10, (6,), generator=generator)
    found = fsdd_spectra._spectra(model, (features, labels))
    params = {key: value.detach() for key, value in model.named_parameters()}
    hessian = dense_hessian(lambda p: cross_entropy(functional_call(model, p, (features,)), labels), params)
    jacobian = torch.func.jacrev(lambda p: functional_call(model, p, (features,)))(params)
    J = torch.cat([part.flatten(2) for part in jacobian.values()], dim=2)
    share = functional_call(model, params, (features,)).softmax(1)
    inner = torch.diag_embed(share) - share[:, :, None] * share[:, None, :]
    gauss_newton = torch.einsum("nci,ncd,ndj->ij", J, inner, J) / 6
    for key, matrix in (
        ("hessian", hessian),
        ("gauss_newton", gauss_newton),
        ("rest", hessian - gauss_newton),
    ):
        np.testing.assert_allclose(found[key], torch.linalg.eigvalsh(matrix), atol=1e-10)
    assert quick.arrays[f"{name}/hessian"].shape == (2, len(hessian))


@pytest.mark.parametrize("name", MODELS)
def test_training_lowers_the_loss_and_traces_add_up(name, quick):
    assert quick.scalars[f"{name}/loss"][1] < quick.scalars[f"{name}/loss"][0]
    traces = {key: quick.arrays[f"{name}/{key}"].sum(axis=1) for key in ("hessian", "gauss_newton", "rest")}
    np.testing.assert_allclose(traces["hessian"], traces["gauss_newton"] + traces["rest"])


@pytest.mark.parametrize("name", MODELS)
def test_the_record_has_a_bulk_and_outliers_and_negative_curvature_from_the_rest_alone(name):
    record = load_record(fsdd_spectra.NAME)
    parts = {key: record.arrays[f"{name}/{key}"] for key in ("hessian", "gauss_newton", "rest")}
    for h, g, r in zip(*parts.values(), strict=True):
        assert (np.abs(h) < 0.1 * h[-1]).mean() > 0.9
        assert g[0] > -1e-12 * g[-1]
        # Weyl's inequalities for H = G + R.
        assert r[0] - 1e-9 <= h[0] < 0
        assert g[-1] - 1e-9 <= h[-1] + abs(r[0])
        assert h[-1] <= g[-1] + r[-1] + 1e-9


def test_in_the_record_the_cnn_has_the_leading_directions_of_its_gauss_newton_part_at_the_end():
    overlap = load_record(fsdd_spectra.NAME).scalars["cnn/overlap"]
    assert overlap == sorted(overlap)
    assert overlap[-1] > 0.9


def test_in_the_record_the_recurrent_network_has_a_rest_as_large_as_its_gauss_newton_part():
    arrays = load_record(fsdd_spectra.NAME).arrays
    assert arrays["rnn/rest"][-1, -1] > arrays["rnn/gauss_newton"][-1, -1]
