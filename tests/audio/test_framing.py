import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import frame_signal, num_frames

sizes = {"n_fft": st.integers(1, 40), "hop_length": st.integers(1, 50), "center": st.booleans()}


def frames_by_loop(samples, n_fft, hop_length, center):
    padded = np.pad(samples, n_fft // 2 if center else 0)
    starts = range(0, len(padded) - n_fft + 1, hop_length)
    return np.array([padded[start : start + n_fft] for start in starts])


@settings(deadline=None)
@given(size=st.integers(1, 200), **sizes)
def test_frames_are_those_cut_one_by_one(size, n_fft, hop_length, center):
    if not center:
        size += n_fft
    samples = np.arange(1.0, size + 1)
    reference = frames_by_loop(samples, n_fft, hop_length, center)
    batch = torch.from_numpy(np.stack([samples, 2 * samples])).reshape(2, 1, size)
    frames = frame_signal(batch, n_fft=n_fft, hop_length=hop_length, center=center)
    assert num_frames(size, n_fft=n_fft, hop_length=hop_length, center=center) == len(reference)
    np.testing.assert_array_equal(frames[0, 0], reference)
    np.testing.assert_array_equal(frames[1, 0], 2 * reference)


@settings(deadline=None)
@given(lengths=st.lists(st.integers(0, 300), min_size=1, max_size=5), **sizes)
def test_count_of_a_tensor_is_the_count_of_each(lengths, n_fft, hop_length, center):
    options = {"n_fft": n_fft, "hop_length": hop_length, "center": center}
    counts = num_frames(torch.tensor(lengths), **options)
    assert counts.tolist() == [num_frames(length, **options) for length in lengths]


@settings(deadline=None)
@given(data=st.data(), **sizes)
def test_frames_in_a_padded_batch_are_those_of_the_utterance_alone(data, n_fft, hop_length, center):
    shortest = 1 if center else n_fft
    lengths = data.draw(st.lists(st.integers(shortest, shortest + 90), min_size=1, max_size=4))
    options = {"n_fft": n_fft, "hop_length": hop_length, "center": center}
    # NaN in the padding: whatever reads it shows.
    batch = torch.full((len(lengths), max(lengths) + data.draw(st.integers(0, 30))), torch.nan)
    for row, length in enumerate(lengths):
        batch[row, :length] = torch.arange(1.0, length + 1)
    frames = frame_signal(batch, lengths=torch.tensor(lengths), **options)
    for row, length in enumerate(lengths):
        alone = frame_signal(batch[row, :length], **options)
        assert len(alone) == num_frames(length, **options)
        torch.testing.assert_close(frames[row, : len(alone)], alone, rtol=0, atol=0)
        assert not frames[row, len(alone) :].any()


def test_a_signal_shorter_than_a_frame_needs_centring():
    samples = torch.ones(399)
    assert frame_signal(samples, n_fft=400, hop_length=160).shape == (3, 400)
    with pytest.raises(ValueError, match="at least n_fft=400 samples unless center=True, got 399"):
        frame_signal(samples, n_fft=400, hop_length=160, center=False)
    with pytest.raises(ValueError, match="lengths must lie from 400 to 500, got 399 to 500"):
        frame_signal(
            torch.ones(2, 500), n_fft=400, hop_length=160, center=False, lengths=torch.tensor([399, 500])
        )


@pytest.mark.parametrize("name", ["n_fft", "hop_length"])
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_must_be_positive(name, value):
    options = {"n_fft": 8, "hop_length": 4, name: value}
    with pytest.raises(ValueError, match=f"{name} must be a positive integer, got {value}"):
        frame_signal(torch.ones(20), **options)
    with pytest.raises(ValueError, match=f"{name} must be a positive integer, got {value}"):
        num_frames(20, **options)
