import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.training.augment import RandomWarp, warp_spectrograms


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def slow_warp(x, time_scale, time_shift, frequency_scale, frequency_shift):
    """One cell at a time, linear in time and then in frequency."""
    frames, bands = x.shape
    middle = (frames - 1) / 2
    out = np.empty_like(x)
    for t in range(frames):
        time = middle + time_scale * (t - middle) + time_shift * frames
        column = [np.interp(time, np.arange(frames), x[:, band]) for band in range(bands)]
        for f in range(bands):
            out[t, f] = np.interp(frequency_scale * f + frequency_shift * bands, np.arange(bands), column)
    return out


@settings(deadline=None, max_examples=25)
@given(
    frames=st.integers(2, 9),
    bands=st.integers(2, 9),
    num_groups=st.integers(1, 3),
    warp=st.tuples(st.floats(0.5, 1.5), st.floats(-0.4, 0.4), st.floats(0.5, 1.5), st.floats(-0.4, 0.4)),
)
def test_a_warp_is_linear_interpolation_of_each_group(frames, bands, num_groups, warp):
    features = torch.randn(2, frames, bands * num_groups, generator=seeded(), dtype=torch.float64)
    names = ("time_scale", "time_shift", "frequency_scale", "frequency_shift")
    numbers = {
        name: torch.full((2,), value, dtype=torch.float64) for name, value in zip(names, warp, strict=True)
    }
    warped = warp_spectrograms(features, **numbers, num_groups=num_groups).numpy()
    for example in range(2):
        groups = np.split(features[example].numpy(), num_groups, axis=1)
        expected = np.concatenate([slow_warp(group, *warp) for group in groups], axis=1)
        np.testing.assert_allclose(warped[example], expected, atol=1e-10)


def test_no_warp_changes_nothing():
    features = torch.randn(4, 12, 20, generator=seeded())
    still = RandomWarp(0.0, 0.0, 0.0, 0.0)
    torch.testing.assert_close(still(features, seeded()), features)


def test_each_example_has_its_own_warp_within_the_limits():
    # A ramp tells where each cell was read from.
    frames, bands = 101, 41
    ramp = torch.arange(frames, dtype=torch.float64)[:, None] + 0 * torch.arange(bands, dtype=torch.float64)
    warp = RandomWarp(time_scale=0.1, time_shift=0.05, frequency_scale=0.0, frequency_shift=0.0)
    read = warp(ramp.expand(200, -1, -1), seeded())[:, :, 0]
    slope = read[:, 60] - read[:, 40]  # well inside, where nothing is clamped
    shift = read[:, 50] - 50
    assert 20 * 0.9 <= slope.min() < 20 * 0.92
    assert 20 * 1.08 < slope.max() <= 20 * 1.1 + 1e-9
    assert -0.05 * frames - 1e-9 <= shift.min() < -0.04 * frames
    assert 0.04 * frames < shift.max() <= 0.05 * frames + 1e-9
    assert len(set(slope.tolist())) == 200


def test_the_generator_alone_decides():
    features = torch.randn(3, 10, 10, generator=seeded())
    warp = RandomWarp()
    first = warp(features, seeded(1))
    torch.manual_seed(7)
    assert torch.equal(warp(features, seeded(1)), first)
    assert not torch.equal(warp(features, seeded(2)), first)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"time_scale": 1.0}, r"time_scale must lie in 0 … 1, 1 excluded, got 1.0"),
        ({"frequency_scale": -0.1}, r"frequency_scale must lie in 0 … 1, 1 excluded, got -0.1"),
        ({"time_shift": -0.1}, "time_shift must not be negative, got -0.1"),
        ({"frequency_shift": float("nan")}, "frequency_shift must not be negative, got nan"),
    ],
)
def test_limits_out_of_range_are_refused_by_name(limits, message):
    with pytest.raises(ValueError, match=message):
        RandomWarp(**limits)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="features must split into 2 groups, got 5 per frame"):
        RandomWarp(num_groups=2)(torch.zeros(1, 4, 5), seeded())
    with pytest.raises(ValueError, match="features must have two frames and two bands at least, got 1 and 5"):
        RandomWarp()(torch.zeros(1, 1, 5), seeded())
