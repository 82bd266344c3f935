"""Claims 0.4 and 0.6: ranks and spectra against slower ways to get them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call

from hnrc_lib.claims.s0_damping import CLAIMS, judge_inverse_rank, judge_spectrum_shift
from hnrc_lib.claims.subjects import perceptron, speech_features


def test_this_module_holds_claims_0_4_and_0_6():
    assert [claim.id for claim in CLAIMS] == ["0.4", "0.6"]


def test_every_inverse_has_full_rank_and_the_correction_that_of_the_hessian(measured):
    numbers = measured("0.4").numbers
    assert numbers["smallest_rank"] == numbers["largest_rank"] == numbers["n"] == 24 * 6 + 6 + 6 * 10 + 10
    assert numbers["hessian_rank"] == numbers["correction_rank"] == 9 * 20
    assert (numbers["kept_correction_rank"], numbers["kept_inverse_rank"]) == (1, numbers["linear_n"])


def test_the_threshold_is_that_of_torchs_own_hessian(measured):
    features, labels = speech_features()
    model = perceptron(24, 6)
    names = [name for name, _ in model.named_parameters()]
    shapes = [value.shape for value in model.parameters()]
    sizes = [shape.numel() for shape in shapes]

    def loss(theta):
        parts = [part.reshape(shape) for part, shape in zip(theta.split(sizes), shapes, strict=True)]
        return F.cross_entropy(
            functional_call(model, dict(zip(names, parts, strict=True)), (features,)), labels
        )

    theta = torch.cat([value.detach().flatten() for value in model.parameters()])
    eigenvalues = np.linalg.eigvalsh(torch.autograd.functional.hessian(loss, theta).numpy())
    numbers = measured("0.6").numbers
    assert numbers["threshold"] == pytest.approx(-eigenvalues[0], rel=1e-9)
    assert numbers["largest_eigenvalue"] == pytest.approx(eigenvalues[-1], rel=1e-9)
    assert numbers["num_negative"] == int((eigenvalues < -1e-12).sum()) > 0


def test_a_single_parameter_would_satisfy_claim_0_4():
    assert judge_inverse_rank({"smallest_rank": 1, "largest_rank": 1}) == "holds"


@pytest.mark.parametrize(("smallest", "verdict"), [(-1e-3, "holds if λ > −h_min(H)"), (0.0, "holds")])
def test_the_condition_comes_with_negative_curvature(smallest, verdict):
    numbers = {"shift_error": 0.0, "num_margins": 6, "definite_above": 6, "definite_below": 0}
    assert judge_spectrum_shift(numbers | {"smallest_eigenvalue": smallest}) == verdict
