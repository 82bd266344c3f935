import pytest
import torch

from hnrc_lib.landscape.displacement import coordinates, displaced, measured


@pytest.mark.parametrize("num_points", [3, 5, 31, 51, 101])
def test_the_middle_of_a_symmetric_extent_is_exactly_zero(num_points):
    alpha = coordinates(0.7, num_points)
    assert alpha[num_points // 2].item() == 0.0
    assert alpha[0].item() == -0.7
    assert alpha[-1].item() == 0.7
    torch.testing.assert_close(alpha, torch.linspace(-0.7, 0.7, num_points, dtype=torch.float64))


def test_an_extent_may_be_one_sided():
    assert coordinates((0.0, 1.0), 3).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("extent", [0.0, -1.0, (1.0, 1.0), (2.0, 1.0), float("nan"), (0.0, float("inf"))])
def test_an_extent_must_have_a_length(extent):
    with pytest.raises(ValueError, match="extent must be positive, or"):
        coordinates(extent, 5)


@pytest.mark.parametrize("num_points", [1, 0, -3])
def test_a_grid_needs_two_points(num_points):
    with pytest.raises(ValueError, match=f"num_points must be an integer of at least 2, got {num_points}"):
        coordinates(1.0, num_points)


def test_displaced_returns_fresh_tensors_even_for_no_move():
    params = {"x": torch.ones(2, requires_grad=True)}
    moved = displaced(params, (0.0, {"x": torch.ones(2)}))
    moved["x"].zero_()
    assert params["x"].tolist() == [1.0, 1.0]
    assert not moved["x"].requires_grad


def test_measured_keeps_what_is_not_finite():
    value = measured(lambda params: torch.tensor([torch.nan, torch.inf]), {})
    assert value[0].isnan()
    assert value[1].isinf()
    assert value.dtype == torch.float64


def test_a_loss_must_return_a_scalar_or_one_vector():
    with pytest.raises(TypeError, match="loss must return a tensor, got float"):
        measured(lambda params: 1.0, {})  # pyright: ignore
    with pytest.raises(ValueError, match=r"loss must return a scalar or a vector, got shape \(2, 2\)"):
        measured(lambda params: torch.zeros(2, 2), {})
    with pytest.raises(ValueError, match=r"loss must return shape \(\) everywhere, got shape \(3,\)"):
        measured(lambda params: torch.zeros(3), {}, torch.Size([]))
