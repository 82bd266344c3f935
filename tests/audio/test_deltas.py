import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import compute_deltas

shapes = {
    "width": st.sampled_from([3, 5, 9, 15]),
    "order": st.sampled_from([1, 2]),
    "mode": st.sampled_from(["interp", "nearest"]),
}


@settings(deadline=None)
@given(frames=st.integers(1, 60), batch=st.sampled_from([(), (2,), (2, 3)]), seed=st.integers(0, 9), **shapes)
def test_equals_librosa(frames, batch, seed, width, order, mode):
    frames += width if mode == "interp" else 0
    features = np.random.default_rng(seed).standard_normal((*batch, frames, 4)) * 5 - 10
    reference = librosa.feature.delta(features, width=width, order=order, axis=-2, mode=mode)
    options = {"width": width, "order": order, "mode": mode}
    np.testing.assert_allclose(compute_deltas(torch.from_numpy(features), **options), reference, atol=1e-12)
    single = compute_deltas(torch.from_numpy(features).float(), **options)
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single, reference, rtol=1e-4, atol=1e-5)


@settings(deadline=None)
@given(data=st.data(), **shapes)
def test_in_a_padded_batch_each_utterance_ends_where_it_ends(data, width, order, mode):
    shortest = width if mode == "interp" else 1
    lengths = data.draw(st.lists(st.integers(shortest, 30), min_size=1, max_size=4))
    options = {"width": width, "order": order, "mode": mode}
    batch = torch.full((len(lengths), max(lengths) + 2, 3), torch.nan, dtype=torch.float64)
    for row, length in enumerate(lengths):
        batch[row, :length] = torch.randn(length, 3, dtype=torch.float64)
    deltas = compute_deltas(batch, lengths=torch.tensor(lengths), **options)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(deltas[row, :length], compute_deltas(batch[row, :length], **options))
        assert not deltas[row, length:].any()


def test_order_one_is_the_regression_formula():
    features = np.random.default_rng(0).standard_normal((30, 2))
    padded = np.pad(features, ((2, 2), (0, 0)), mode="edge")
    regression = sum(k * (padded[2 + k : 32 + k] - padded[2 - k : 32 - k]) for k in (1, 2)) / (2 * (1 + 4))
    np.testing.assert_allclose(
        compute_deltas(torch.from_numpy(features), width=5, mode="nearest"), regression, atol=1e-14
    )


def test_a_parabola_has_constant_second_delta():
    frames = torch.arange(20, dtype=torch.float64)[:, None]
    np.testing.assert_allclose(compute_deltas(1.5 * frames**2 - frames, order=2), 3, atol=1e-10)


def test_gradient_is_the_finite_difference():
    features = torch.randn(2, 7, 2, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([7, 5])
    for mode in ("interp", "nearest"):
        assert torch.autograd.gradcheck(
            lambda x, mode=mode: compute_deltas(x, width=5, mode=mode, lengths=lengths), features
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 4}, "width must be odd, at least 3 and more than order=1, got 4"),
        ({"width": 1}, "width must be odd, at least 3 and more than order=1, got 1"),
        ({"width": 3, "order": 3}, "more than order=3, got 3"),
        ({"order": 0}, "order must be a positive integer, got 0"),
        ({"mode": "mirror"}, "mode must be one of 'interp', 'nearest', got 'mirror'"),
        ({"width": 9}, "at least width=9 frames with mode='interp', got 8"),
        ({"width": 5, "lengths": torch.tensor(4)}, "lengths must lie from 5 to 8, got 4 to 4"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        compute_deltas(torch.zeros(8, 2), **arguments)
