"""The whole chain: a padded batch gives each utterance what it gets alone, on the CPU and on a card."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import voiced

from hnrc_lib import audio


def chain(samples, lengths, *, center=True, mode="nearest", device="cpu"):
    samples = samples.to(device)
    options = {"n_fft": 200, "hop_length": 80, "center": center}
    counts = None if lengths is None else audio.num_frames(lengths, **options)
    cleaned = audio.pre_emphasis(audio.remove_dc(samples, lengths), lengths=lengths)
    bands = audio.log_mel_spectrogram(cleaned, sample_rate=8000, n_mels=20, lengths=lengths, **options)
    cepstra = audio.mfcc(cleaned, sample_rate=8000, n_mels=20, lengths=lengths, **options)
    deltas = audio.compute_deltas(cepstra, width=5, mode=mode, lengths=counts)
    normalized = audio.normalize_mean_variance(torch.cat([cepstra, deltas], dim=-1), lengths=counts)
    return bands, cepstra, deltas, normalized


def padded(lengths, *, extra=0, filler=math.nan, dtype=torch.float64):
    batch = torch.full((len(lengths), max(lengths) + extra), filler, dtype=dtype)
    for row, length in enumerate(lengths):
        batch[row, :length] = torch.from_numpy(voiced((length,), sample_rate=8000, seed=row)) + 0.05
    return batch


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(600, 2500), min_size=1, max_size=4),
    extra=st.integers(0, 700),
    center=st.booleans(),
    mode=st.sampled_from(["interp", "nearest"]),
)
def test_features_of_a_padded_batch_are_those_of_each_utterance(lengths, extra, center, mode):
    batch = padded(lengths, extra=extra)
    together = chain(batch, torch.tensor(lengths), center=center, mode=mode)
    for row, length in enumerate(lengths):
        count = audio.num_frames(length, n_fft=200, hop_length=80, center=center)
        alone = chain(batch[row, :length], None, center=center, mode=mode)
        for stage, single in zip(together, alone, strict=True):
            torch.testing.assert_close(stage[row, :count], single, rtol=1e-9, atol=1e-9)
        bands, _, deltas, normalized = (stage[row, count:] for stage in together)
        torch.testing.assert_close(bands, torch.full_like(bands, math.log(1e-10)))
        assert not deltas.any()
        assert not normalized.any()


def test_padding_gets_no_gradient():
    batch = padded([1500, 900], filler=0.7).requires_grad_()
    _, _, _, normalized = chain(batch, torch.tensor([1500, 900]))
    (gradient,) = torch.autograd.grad(normalized.square().sin().sum(), batch)
    assert torch.isfinite(gradient).all()
    assert gradient[1, :900].abs().min() >= 0
    assert gradient[1, :900].any()
    assert not gradient[1, 900:].any()


def test_batch_axes_may_be_many():
    batch = padded([1500, 900, 1200, 700], filler=0.0)
    lengths = torch.tensor([1500, 900, 1200, 700])
    for flat, square in zip(
        chain(batch, lengths), chain(batch.reshape(2, 2, -1), lengths.reshape(2, 2)), strict=True
    ):
        torch.testing.assert_close(square.flatten(0, 1), flat)


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-3), (torch.float64, 1e-9)])
def test_a_card_gives_what_the_processor_gives(dtype, tolerance):
    batch = padded([4000, 2500, 900], filler=0.0, dtype=dtype)
    lengths = torch.tensor([4000, 2500, 900])
    reference = chain(batch, lengths)
    for on_card in (chain(batch, lengths, device="cuda"), chain(batch, lengths.cuda(), device="cuda")):
        for stage, expected in zip(on_card, reference, strict=True):
            assert stage.device.type == "cuda"
            assert stage.dtype == dtype
            torch.testing.assert_close(stage.cpu(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.gpu
def test_gradients_flow_on_a_card():
    batch = padded([1500, 900], filler=0.0).cuda().requires_grad_()
    _, _, _, normalized = chain(batch, torch.tensor([1500, 900]), device="cuda")
    (gradient,) = torch.autograd.grad(normalized.square().sin().sum(), batch)
    assert torch.isfinite(gradient).all()
    assert gradient[0].any()
