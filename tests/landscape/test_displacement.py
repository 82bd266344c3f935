import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.landscape.displacement import Displacement, coordinates


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


shapes = st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=4)


@given(shapes=shapes, num_directions=st.integers(1, 3), dtype=st.sampled_from([torch.float32, torch.float64]))
def test_one_by_one_and_stacked_are_the_sum_written_out(shapes, num_directions, dtype):
    generator = torch.Generator().manual_seed(len(shapes))

    def draw():
        return {
            str(i): torch.randn(shape, generator=generator, dtype=dtype) for i, shape in enumerate(shapes)
        }

    params, directions = draw(), [draw() for _ in range(num_directions)]
    points = torch.randn(5, num_directions, generator=generator, dtype=torch.float64)
    points[1, :-1] = points[0, :-1]  # only the last coordinate changes
    place = Displacement(params, directions)
    stacked = place.stacked(points)
    for index, point in enumerate(points):
        moved = place.at(point.tolist())
        for name, value in params.items():
            steps = [float(c) * d[name].double() for c, d in zip(point, directions, strict=True)]
            expected = (value.double() + torch.stack(steps).sum(0)).to(dtype)
            torch.testing.assert_close(moved[name], expected)
            torch.testing.assert_close(stacked[name][index], expected)


def test_parameters_that_require_gradients_are_left_alone():
    params = {"x": torch.ones(2, requires_grad=True)}
    moved = Displacement(params, [{"x": torch.ones(2)}]).at([0.0])
    moved["x"].zero_()
    assert params["x"].tolist() == [1.0, 1.0]
    assert not moved["x"].requires_grad


@pytest.mark.parametrize(
    "damage",
    [
        lambda x: x.fill_(torch.nan),
        lambda x: x.t_(),
        lambda x: x.resize_(3),
        lambda x: setattr(x, "data", torch.zeros(7)),
    ],
    ids=["values", "axes", "size", "memory"],
)
def test_whatever_was_done_to_one_point_does_not_reach_the_next(damage):
    place = Displacement({"x": torch.ones(2, 3)}, [{"x": torch.arange(6.0).reshape(2, 3)}])
    moved = place.at([1.0])
    damage(moved["x"])
    moved["y"] = moved.pop("x")
    assert torch.equal(place.at([2.0])["x"], 1 + 2 * torch.arange(6.0).reshape(2, 3))


def test_every_parameter_keeps_its_layout_and_starts_at_an_even_address():
    image = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    params = {"odd": torch.randn(3), "image": image, "transposed": torch.randn(4, 3).T}
    moved = Displacement(params, [params]).at([0.0])
    for name, value in params.items():
        assert moved[name].stride() == value.stride()
        assert moved[name].data_ptr() % 64 == 0
        assert torch.equal(moved[name], value)
