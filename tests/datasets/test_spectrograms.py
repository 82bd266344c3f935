"""Spectrograms of one size equal librosa's, computed one utterance at a time and stretched by np.interp."""

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.audio import stretch_time
from hnrc_lib.datasets import Corpus, Utterance, spectrograms


def noise_corpus(lengths: list[int], sample_rate: int = 8000) -> Corpus:
    generator = torch.Generator().manual_seed(0)
    said = []
    for index, length in enumerate(lengths):
        samples = 0.1 * torch.randn(length, generator=generator).cumsum(0).sin()
        said.append(Utterance(samples, sample_rate, "ann", "en", "", index % 10, f"u{index}"))
    return Corpus("noise", said)


def slow_spectrogram(
    samples: np.ndarray, rate: int, num_frames: int, n_mels: int, deltas: bool
) -> np.ndarray:
    """One utterance through librosa in float64."""
    win_length, hop_length = round(0.025 * rate), round(0.010 * rate)
    energies = librosa.feature.melspectrogram(
        y=samples.astype(np.float64),
        sr=rate,
        n_fft=2 ** int(np.ceil(np.log2(win_length))),
        win_length=win_length,
        hop_length=hop_length,
        n_mels=n_mels,
        pad_mode="constant",
    )
    rows = np.log(np.maximum(energies, 1e-10))
    rows = rows - rows.mean(axis=1, keepdims=True)
    if deltas:
        rows = np.concatenate([rows, librosa.feature.delta(rows, mode="nearest")])
    position = np.linspace(0, rows.shape[1] - 1, num_frames)
    return np.stack([np.interp(position, np.arange(rows.shape[1]), row) for row in rows], axis=1)


@pytest.mark.parametrize(
    ("sample_rate", "num_frames", "n_mels", "deltas"),
    [(8000, 32, 40, False), (8000, 20, 24, True), (16000, 64, 40, False), (11025, 7, 13, True)],
)
def test_equal_to_librosa(sample_rate: int, num_frames: int, n_mels: int, deltas: bool) -> None:
    corpus = noise_corpus([3000, 4001, 2400, 9999, 5000, 3000, 12000], sample_rate)
    features, labels = spectrograms(corpus, num_frames=num_frames, n_mels=n_mels, deltas=deltas, batch_size=3)
    slow = [slow_spectrogram(one.samples.numpy(), sample_rate, num_frames, n_mels, deltas) for one in corpus]
    assert np.allclose(features.numpy(), np.stack(slow), rtol=1e-4, atol=2e-3)
    assert labels.tolist() == list(corpus.labels)
    assert (features.dtype, labels.dtype) == (torch.float32, torch.int64)


@settings(max_examples=20, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6000), min_size=1, max_size=12),
    batch_size=st.integers(1, 5),
    deltas=st.booleans(),
)
def test_batches_do_not_matter(lengths: list[int], batch_size: int, deltas: bool) -> None:
    corpus = noise_corpus(lengths)
    together, _ = spectrograms(corpus, deltas=deltas, batch_size=batch_size)
    for index in range(len(corpus)):
        alone, _ = spectrograms(corpus[index : index + 1], deltas=deltas)
        assert torch.allclose(together[index], alone[0], atol=1e-4)


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    num_frames=st.integers(2, 60),
    num_features=st.integers(1, 3),
)
def test_stretching_equals_interp(lengths: list[int], num_frames: int, num_features: int) -> None:
    features = torch.randn(len(lengths), max(lengths), num_features, dtype=torch.float64)
    stretched = stretch_time(features, torch.tensor(lengths), num_frames)
    for row, length in enumerate(lengths):
        position = np.linspace(0, length - 1, num_frames)
        for column in range(num_features):
            slow = np.interp(position, np.arange(length), features[row, :length, column].numpy())
            assert np.allclose(stretched[row, :, column].numpy(), slow, atol=1e-12)


def test_loudness_and_digital_silence() -> None:
    said = noise_corpus([4000])[0]
    louder = Utterance(4 * said.samples, 8000, "ann", "en", "", 0, "louder")
    silent = Utterance(torch.zeros(4000), 8000, "ann", "en", "", 0, "silent")
    features, _ = spectrograms(Corpus("three", [said, louder, silent]))
    assert torch.allclose(features[0], features[1], atol=1e-3)
    assert not features[2].any()
    raw, _ = spectrograms(Corpus("three", [said, louder, silent]), mean_normalize=False)
    assert torch.allclose(raw[1] - raw[0], torch.tensor(2 * np.log(4), dtype=torch.float32), atol=1e-3)
    assert torch.allclose(raw[2], torch.tensor(np.log(1e-10), dtype=torch.float32))


@pytest.mark.parametrize(
    ("corpus", "arguments", "message"),
    [
        (Corpus("none", []), {}, r"corpus 'none' must hold utterances of one sample rate, got rates \[\]"),
        (noise_corpus([900]), {"num_frames": 1}, "num_frames must be at least 2, got 1"),
        (noise_corpus([900]), {"batch_size": 0}, "batch_size must be positive, got 0"),
        (noise_corpus([900]), {"n_mels": 0}, "n_mels must be a positive integer, got 0"),
        (noise_corpus([900]), {"floor": 0.0}, "floor must be positive, got 0"),
    ],
)
def test_refused(corpus: Corpus, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spectrograms(corpus, **arguments)


def test_mixed_rates_and_missing_labels_are_refused() -> None:
    eight, sixteen = noise_corpus([900])[0], noise_corpus([800], 16000)[0]
    other = Utterance(sixteen.samples, 16000, "ann", "en", "", 0, "other")
    with pytest.raises(ValueError, match=r"one sample rate, got rates \[8000, 16000\]"):
        spectrograms(Corpus("mixed", [eight, other]))
    sentence = Utterance(eight.samples, 8000, "ann", "en", "yes no yes", None, "sentence")
    with pytest.raises(ValueError, match=r"must have a label, \['sentence'\] have none"):
        spectrograms(Corpus("mixed", [eight, sentence]))
