import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.landscape import filter_normalize, gram_matrix, random_direction
from hnrc_lib.models import CNN


@pytest.fixture
def params():
    generator = torch.Generator().manual_seed(1)
    return {
        "conv.weight": torch.randn(3, 2, 3, 3, generator=generator, dtype=torch.float64),
        "conv.bias": torch.randn(3, generator=generator, dtype=torch.float64),
        "dense.weight": torch.randn(4, 5, generator=generator, dtype=torch.float64),
        "scale": torch.tensor(2.0, dtype=torch.float64),
    }


def test_random_direction_is_standard_gaussian_and_reproducible():
    params = {"w": torch.zeros(200, 100), "b": torch.zeros(5, dtype=torch.float32)}
    first = random_direction(params, torch.Generator().manual_seed(7))
    again = random_direction(params, torch.Generator().manual_seed(7))
    other = random_direction(params, torch.Generator().manual_seed(8))
    assert all(torch.equal(first[name], again[name]) for name in params)
    assert not torch.equal(first["w"], other["w"])
    # 20 000 draws: the standard error of the mean is 0.007, of the variance 0.01.
    assert abs(first["w"].mean().item()) < 0.03
    assert abs(first["w"].var().item() - 1) < 0.05


def test_random_direction_leaves_the_global_generator_alone(params):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    random_direction(params, torch.Generator().manual_seed(0))
    assert torch.equal(torch.rand(4), expected)


def test_every_filter_takes_the_norm_of_its_parameter(params):
    direction = random_direction(params, torch.Generator().manual_seed(0))
    scaled = filter_normalize(direction, params)
    for name in ("conv.weight", "dense.weight"):
        for filter_, original, param in zip(scaled[name], direction[name], params[name], strict=True):
            assert filter_.norm().item() == pytest.approx(param.norm().item(), rel=1e-12)
            cosine = (filter_ * original).sum() / (filter_.norm() * original.norm())
            assert cosine.item() == pytest.approx(1.0, rel=1e-12)
    assert not scaled["conv.bias"].any()
    assert not scaled["scale"].any()


def test_one_dimensional_parameters_can_be_matched_as_a_whole(params):
    direction = random_direction(params, torch.Generator().manual_seed(0))
    scaled = filter_normalize(direction, params, one_dimensional="match")
    for name in ("conv.bias", "scale"):
        assert scaled[name].norm().item() == pytest.approx(params[name].norm().item(), rel=1e-12)


def test_arguments_are_not_changed_and_gradients_not_followed(params):
    params = {name: value.requires_grad_() for name, value in params.items()}
    direction = random_direction(params, torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in direction.items()}
    scaled = filter_normalize(direction, params, one_dimensional="match")
    assert all(torch.equal(direction[name], before[name]) for name in params)
    assert not any(value.requires_grad for value in scaled.values())


def test_zero_filters_stay_zero():
    params = {"w": torch.tensor([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])}
    direction = {"w": torch.tensor([[1.0, 1.0], [0.0, 0.0], [2.0, 0.0]])}
    expected = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    torch.testing.assert_close(filter_normalize(direction, params)["w"], expected)


@settings(deadline=None, max_examples=25)
@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    scale=st.floats(1e-3, 1e3),
)
def test_normalising_forgets_the_length_of_the_direction(rows, columns, dtype, scale):
    generator = torch.Generator().manual_seed(rows * 10 + columns)
    params = {"w": torch.randn(rows, columns, generator=generator, dtype=dtype)}
    direction = random_direction(params, generator)
    once = filter_normalize(direction, params)["w"]
    scaled = filter_normalize({"w": direction["w"] * scale}, params)["w"]
    assert once.dtype == dtype
    torch.testing.assert_close(once, scaled)
    torch.testing.assert_close(filter_normalize({"w": once}, params)["w"], once)


def test_rescaled_relu_network_has_the_same_landscape():
    # Scaling one layer up and the next down leaves a ReLU network's function, hence its picture, as it was.
    from torch.func import functional_call

    generator = torch.Generator().manual_seed(0)
    model = CNN(18, 18, channels=(2, 3, 3), hidden=4, generator=generator).double()
    features = torch.randn(5, 18, 18, generator=generator, dtype=torch.float64)
    params = {name: value.detach() for name, value in model.named_parameters()}
    rescaled = dict(params)
    rescaled["dense.0.weight"] = params["dense.0.weight"] * 8
    rescaled["dense.1.weight"] = params["dense.1.weight"] / 8
    direction = random_direction(params, generator)
    outputs, plain = [], []
    for theta in (params, rescaled):
        step = filter_normalize(direction, theta)
        moved = {name: value + 0.5 * step[name] for name, value in theta.items()}
        outputs.append(functional_call(model, moved, (features,)))
        moved = {name: value + 0.5 * direction[name] for name, value in theta.items()}
        plain.append(functional_call(model, moved, (features,)))
    torch.testing.assert_close(outputs[0], outputs[1])
    assert (plain[0] - plain[1]).abs().max() > 0.1


def test_gram_matrix_is_that_of_flat_vectors(params):
    directions = [random_direction(params, torch.Generator().manual_seed(seed)) for seed in range(3)]
    flat = torch.stack([torch.cat([d[name].flatten() for name in params]) for d in directions])
    torch.testing.assert_close(gram_matrix(directions), flat @ flat.T)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda d: d.pop("scale"), ValueError, "direction: vector must match params"),
        (lambda d: d.update(extra=torch.zeros(1)), ValueError, "direction: vector must match params"),
        (
            lambda d: d.update(scale=torch.zeros(2).double()),
            ValueError,
            "direction: vector must match params",
        ),
        (lambda d: d.update(scale=torch.tensor(1.0)), TypeError, "must have dtype torch.float64"),
        (lambda d: d.update(scale=torch.tensor(torch.nan).double()), ValueError, "direction must be finite"),
    ],
)
def test_a_direction_that_does_not_match_is_refused(params, change, error, message):
    direction = random_direction(params, torch.Generator().manual_seed(0))
    change(direction)
    with pytest.raises(error, match=message):
        filter_normalize(direction, params)


def test_unknown_treatment_of_biases_is_refused(params):
    with pytest.raises(ValueError, match="one_dimensional must be 'zero' or 'match', got 'ones'"):
        filter_normalize.__wrapped__(params, params, one_dimensional="ones")  # pyright: ignore


def test_gram_matrix_names_the_direction_at_fault(params):
    with pytest.raises(ValueError, match=re.escape("directions must hold at least one direction")):
        gram_matrix([])
    with pytest.raises(ValueError, match=re.escape("directions[1]: vector must match params")):
        gram_matrix([params, {"w": torch.zeros(2).double()}])
