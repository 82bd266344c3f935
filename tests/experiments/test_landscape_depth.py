from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from fsdd_like import write_fsdd_like
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from hnrc_lib.experiments import fsdd_cnn, landscape_depth
from hnrc_lib.experiments.landscape_depth import KINDS, Config
from hnrc_lib.experiments.record import load_record
from hnrc_lib.training import evaluate

QUICK = Config(
    depths=(1, 2),
    width=4,
    seeds=(0, 1),
    epochs=2,
    num_frames=4,
    n_mels=5,
    num_utterances=20,
    num_points=3,
    map_points=3,
    map_utterances=10,
    num_products=6,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_fsdd_like(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def record(data_dir):
    return landscape_depth.run(QUICK, data_dir=data_dir)


def test_the_axes_are_depth_kind_and_seed(record):
    arrays = record.arrays
    assert arrays["loss"].shape == (2, 2, 2, 3, 3)
    assert arrays["train_loss"].shape == arrays["minima"].shape == arrays["concave"].shape == (2, 2, 2)
    assert arrays["lowest"].shape == arrays["highest"].shape == (2, 2, 3, 3)
    assert (arrays["lowest"] <= arrays["highest"]).all()
    assert record.scalars["kinds"] == list(KINDS)


def test_the_middle_is_the_loss_of_the_network(data_dir):
    config = replace(QUICK, depths=(2,), seeds=(1,), num_utterances=60)
    found = landscape_depth.run(config, data_dir=data_dir).arrays
    np.testing.assert_allclose(found["loss"][..., 1, 1], found["train_loss"], rtol=1e-5)


def hessian_row_by_row(loss, params):
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    slopes = torch.autograd.grad(loss(leaves), list(leaves.values()), create_graph=True)
    rows = []
    for slope in torch.cat([part.flatten() for part in slopes]):
        row = torch.autograd.grad(slope, list(leaves.values()), retain_graph=True, materialize_grads=True)
        rows.append(torch.cat([part.flatten() for part in row]))
    return torch.stack(rows)


def test_the_extremes_lie_inside_the_spectrum_and_near_its_ends(data_dir):
    split = fsdd_cnn.load_split(QUICK.features(), data_dir=data_dir)
    network = landscape_depth._trained(QUICK, split, 1, "plain", 0)
    part = landscape_depth._evenly(split.train, 10)
    params = {name: p.detach() for name, p in network.model.named_parameters()}
    zero = {name: torch.zeros_like(p) for name, p in params.items()}
    config = replace(QUICK, num_products=25)
    found = landscape_depth._extremes(config, network, part, (zero, zero))

    def loss(p):
        return cross_entropy(functional_call(network.model, p, (part[0],)), part[1])

    exact = torch.linalg.eigvalsh(hessian_row_by_row(loss, params).double())
    spread = float(exact[-1] - exact[0])
    np.testing.assert_allclose(found["lowest"], float(exact[0]), atol=0.02 * spread)
    np.testing.assert_allclose(found["highest"], float(exact[-1]), atol=0.02 * spread)
    assert network.train_loss == pytest.approx(evaluate(network.model, split.train).loss)


def test_a_run_says_how_it_was_made(record):
    assert record.provenance.scale == "reduced"
    assert record.provenance.config == asdict(QUICK)


def test_an_even_grid_is_refused():
    with pytest.raises(ValueError, match="map_points must be odd, got 4"):
        landscape_depth.run(replace(QUICK, map_points=4))


def test_more_utterances_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"must lie in 1 … 3, got 4"):
        landscape_depth._evenly((torch.zeros(3, 2), torch.zeros(3)), 4)


def test_the_shipped_record_is_whole_and_says_what_the_page_says():
    record = load_record("landscape_depth")
    assert record.provenance.scale == "full"
    depths, seeds = (len(record.provenance.config[name]) for name in ("depths", "seeds"))
    assert record.arrays["loss"].shape == (depths, 2, seeds, 25, 25)
    plain, residual = record.arrays["minima"][-1]
    assert residual.max() == 1 < plain.min()
