"""Utterances of any length → log-mel spectrograms of one size, for classifiers of words."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio import (
    FrontEnd,
    compute_deltas,
    log_mel_spectrogram,
    normalize_mean_variance,
    stretch_time,
)
from hnrc_lib.datasets.corpus import Corpus, Utterance


def spectrograms(
    corpus: Corpus,
    *,
    num_frames: int = 32,
    n_mels: int = 40,
    deltas: bool = False,
    mean_normalize: bool = True,
    floor: float = 1e-10,
    batch_size: int = 128,
) -> tuple[Float[Tensor, "utterances num_frames features"], Int[Tensor, "utterances"]]:
    """Log-mel spectrograms of equal size, and labels.

    Windows and steps are ``FrontEnd``'s (25 ms every 10 ms), mel bands from 0 Hz to half the sample rate;
    each utterance's mean over time is subtracted from every band; then time is stretched linearly to
    ``num_frames``:
    Y[i] = (1 − w)·Z[⌊p⌋] + w·Z[⌊p⌋ + 1] with p = i (L − 1) / (num_frames − 1) and w = p − ⌊p⌋.

    Args:
        corpus: labelled utterances of one sample rate, at least one.
        num_frames: frames of every spectrogram, ≥ 2.
        n_mels: mel bands, > 0.
        deltas: whether the bands' regression slopes (in 1/frame, before stretching) follow as n_mels
            further features.
        mean_normalize: whether the mean is subtracted; it removes loudness and a fixed channel.
        floor: least energy in a band told apart from silence, > 0.
        batch_size: utterances computed at once, > 0.

    Returns:
        (features, labels): float32 of shape (N, num_frames, n_mels), or 2·n_mels with deltas, and int64
        of shape (N,), in the corpus's order.

    Raises:
        ValueError: an empty corpus, mixed sample rates, an utterance without label, sizes out of range.

    >>> said = Utterance(torch.randn(4000), 8000, "ann", "en", "seven", 7, "7_ann_0")
    >>> features, labels = spectrograms(Corpus("one word", [said]), deltas=True)
    >>> features.shape, labels
    (torch.Size([1, 32, 80]), tensor([7]))
    """
    sample_rate, labels = _check(corpus, num_frames, batch_size)
    features = torch.empty(len(corpus), num_frames, n_mels * (2 if deltas else 1))
    # Utterances of like length share a batch, so that little is computed on padding.
    order = sorted(range(len(corpus)), key=lambda index: len(corpus[index].samples))
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        energies, lengths = _log_mel([corpus[index] for index in batch], sample_rate, n_mels, floor)
        if mean_normalize:
            energies = normalize_mean_variance(energies, variance=False, lengths=lengths)
        if deltas:
            slopes = compute_deltas(energies, mode="nearest", lengths=lengths)
            energies = torch.cat([energies, slopes], dim=-1)
        features[batch] = stretch_time(energies, lengths, num_frames)
    return features, labels


def _check(corpus: Corpus, num_frames: int, batch_size: int) -> tuple[int, Tensor]:
    if num_frames < 2:
        raise ValueError(f"num_frames must be at least 2, got {num_frames}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be positive, got {batch_size}")
    rates = sorted({utterance.sample_rate for utterance in corpus})
    if len(rates) != 1:
        raise ValueError(f"corpus {corpus.name!r} must hold utterances of one sample rate, got rates {rates}")
    unlabelled = [utterance.name for utterance in corpus if utterance.label is None]
    if unlabelled:
        raise ValueError(
            f"every utterance of corpus {corpus.name!r} must have a label, {unlabelled[:5]} have none"
        )
    return rates[0], torch.tensor(corpus.labels, dtype=torch.int64)


def _log_mel(
    utterances: list[Utterance], sample_rate: int, n_mels: int, floor: float
) -> tuple[Tensor, Tensor]:
    """Padded log-mel energies (N, L_max, n_mels) and the number of frames of each."""
    front_end = FrontEnd(sample_rate, n_mels)
    lengths = torch.tensor([len(utterance.samples) for utterance in utterances])
    energies = log_mel_spectrogram(
        pad_sequence([utterance.samples for utterance in utterances], batch_first=True),
        sample_rate=sample_rate,
        n_fft=front_end.n_fft,
        win_length=front_end.win_length,
        hop_length=front_end.hop_length,
        n_mels=n_mels,
        floor=floor,
        lengths=lengths,
    )
    return energies, front_end.count_frames(lengths)
