"""The front end against its parts, and its warps against speech that was really warped."""

import dataclasses

import pytest
import torch

from hnrc_lib.audio import (
    FrontEnd,
    compute_deltas,
    log_mel_spectrogram,
    mel,
    mel_filter_bank,
    normalize_mean_variance,
    stretch_time,
    warped_mel_filter_banks,
)

RATE = 8000


def noise(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(len(lengths), max(lengths), generator=generator)
    return samples, torch.tensor(lengths)


def test_features_are_the_parts_in_order():
    samples, lengths = noise(4000)
    front_end = FrontEnd(RATE, n_mels=12, delta_order=2, floor=1e-30)
    energies = log_mel_spectrogram(
        samples, sample_rate=RATE, n_fft=256, win_length=200, hop_length=80, n_mels=12, floor=1e-30
    )
    slopes = [compute_deltas(energies, order=order, mode="nearest") for order in (1, 2)]
    expected = normalize_mean_variance(torch.cat([energies, *slopes], dim=-1))
    torch.testing.assert_close(front_end(samples, lengths)[0], expected, rtol=1e-4, atol=1e-4)
    assert front_end.num_features == 36


@pytest.mark.parametrize("num_frames", [None, 24])
def test_padding_has_no_influence(num_frames):
    samples, lengths = noise(4000, 2500)
    front_end = FrontEnd(RATE, n_mels=10, delta_order=1, num_frames=num_frames)
    scales = {"frequency_scale": torch.tensor([1.1, 0.9]), "time_scale": torch.tensor([0.9, 1.2])}
    together, frames = front_end.features(*front_end.spectra(samples, lengths), **scales)
    alone, own = front_end.features(
        *front_end.spectra(samples[1:, :2500], lengths[1:]), **{name: v[1:] for name, v in scales.items()}
    )
    assert frames[1] == own[0]
    torch.testing.assert_close(together[1, : own[0]], alone[0], rtol=1e-5, atol=1e-5)
    assert (together[1, own[0] :] == 0).all()


def test_a_tempo_of_two_halves_the_frames():
    front_end = FrontEnd(RATE)
    spectra, frames = front_end.spectra(*noise(8000))
    assert front_end.features(spectra, frames, time_scale=torch.tensor([2.0]))[1].tolist() == [50]


def test_a_warped_bank_hears_a_tone_where_the_plain_one_hears_the_scaled_tone():
    seconds = torch.arange(RATE, dtype=torch.float64) / RATE
    front_end = FrontEnd(RATE, n_mels=20, variance=False)

    def loudest(hertz: float, scale: float) -> int:
        spectra, _ = front_end.spectra(
            torch.cos(2 * torch.pi * hertz * seconds)[None], torch.tensor([len(seconds)])
        )
        bank = warped_mel_filter_banks(torch.tensor([scale]), sample_rate=RATE, n_fft=256, n_mels=20)[0]
        return int((spectra[0].mean(0).float() @ bank.T).argmax())

    for hertz in (500.0, 1000.0, 2000.0):
        assert loudest(hertz, 1.2) == loudest(1.2 * hertz, 1.0)
        assert loudest(hertz, 1.2) != loudest(hertz, 1.0)


def test_scale_one_is_the_plain_bank_and_every_scale_ends_at_half_the_rate():
    options = {"sample_rate": 16000, "n_fft": 512, "n_mels": 30}
    scales = torch.tensor([0.8, 1.0, 1.25], dtype=torch.float64)
    banks = warped_mel_filter_banks(scales, **options)
    torch.testing.assert_close(banks[1], mel_filter_bank(**options, dtype=torch.float64))
    # Only at 0 and at half the rate does a filter bank hear nothing: the warp leaves both where they are.
    assert (banks[..., 1:-1].sum(dim=1) > 0).all()
    assert (banks[..., -1].abs() < 1e-12).all()


@pytest.mark.parametrize("scale", [None, torch.tensor([1.1])])
def test_a_bank_is_made_once_and_a_gradient_may_pass_it_whoever_made_it(monkeypatch, scale):
    # n_mels of this test alone, so that no other has made the bank.
    front_end = FrontEnd(RATE, n_mels=13)
    spectra, frames = front_end.spectra(*noise(2000))
    made, warps = [], mel.mel_to_hz
    monkeypatch.setattr(mel, "mel_to_hz", lambda *mels: made.append(mels) or warps(*mels))
    with torch.inference_mode():
        first, _ = front_end.features(spectra, frames, frequency_scale=scale)
    spectra.requires_grad_()
    second, _ = front_end.features(spectra, frames, frequency_scale=scale)
    second.square().sum().backward()
    assert len(made) == 1
    assert torch.equal(first, second)
    assert spectra.grad is not None


def test_each_utterance_is_stretched_to_its_own_length():
    ramp = torch.arange(5.0)[None, :, None].expand(2, 5, 1)
    stretched = stretch_time(ramp, torch.tensor([5, 3]), torch.tensor([3, 5]))
    assert stretched[..., 0].tolist() == [[0, 2, 4, 0, 0], [0, 0.5, 1, 1.5, 2]]


def test_silence_around_a_word_is_cut_off():
    samples, _ = noise(1600)
    quiet = 1e-3 * torch.randn(1, 4000, generator=torch.Generator().manual_seed(1))
    around = torch.cat([quiet, samples, quiet], dim=1)
    front_end = FrontEnd(RATE, n_mels=10, trim_db=25.0, floor=1e-30)
    features, frames = front_end(torch.cat([around, around * 0.1]), torch.tensor([9600, 9600]))
    assert abs(int(frames[0]) - 20) <= 4
    torch.testing.assert_close(features[0], features[1], rtol=1e-3, atol=1e-3)
    plain = dataclasses.replace(front_end, trim_db=None)
    spectra, _ = plain.spectra(around, torch.tensor([9600]))
    power = spectra[0].sum(1)
    loud = (power > power.max() * 10**-2.5).nonzero()[:, 0]
    first, last = int(loud[0]) - 1, int(loud[-1]) + 1
    kept, _ = plain.features(spectra[:, first : last + 1], torch.tensor([last + 1 - first]))
    torch.testing.assert_close(features[:1], kept)


def test_the_dynamic_range_is_that_of_the_utterance_and_hides_the_room():
    word, _ = noise(3200)
    word[:, 1600:] = 0
    rooms = [
        word + level * torch.randn(word.shape, generator=torch.Generator().manual_seed(2))
        for level in (1e-4, 1e-3)
    ]
    front_end = FrontEnd(RATE, n_mels=10, variance=False)

    def distance(chosen: FrontEnd) -> float:
        one, other = (chosen(room, torch.tensor([3200]))[0] for room in rooms)
        return float((one - other).abs().max())

    assert distance(front_end) > 1
    assert distance(dataclasses.replace(front_end, dynamic_range_db=30.0)) < 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trim_db": 0.0}, "trim_db must be positive"),
        ({"dynamic_range_db": -1.0}, "dynamic_range_db must be positive"),
        ({"delta_order": 3}, "delta_order must be 0, 1 or 2, got 3"),
        ({"num_frames": 1}, "num_frames must be at least 2"),
        ({"floor": 0.0}, "floor must be positive"),
        ({"n_mels": 0}, "n_mels"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        FrontEnd(RATE, **changes)


def test_bad_scales_are_named():
    with pytest.raises(ValueError, match="scales must be positive"):
        warped_mel_filter_banks(torch.tensor([0.0]), sample_rate=RATE, n_fft=256, n_mels=20)
    with pytest.raises(ValueError, match="turn must lie in"):
        warped_mel_filter_banks(torch.ones(1), sample_rate=RATE, n_fft=256, n_mels=20, turn=1.0)
