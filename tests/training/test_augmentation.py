"""Augmentation: a function of utterance and epoch alone, of the stated size, and of noise as stated."""

import pytest
import torch

from hnrc_lib.audio import FrontEnd
from hnrc_lib.training.augmentation import Augmentation, Augmenter

RATE = 8000
FRONT_END = FrontEnd(RATE, n_mels=20)


def spectra(count: int = 3, seconds: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    samples = torch.randn(count, round(RATE * seconds), generator=torch.Generator().manual_seed(0))
    return FRONT_END.spectra(samples, torch.full((count,), samples.shape[1]))


def augment(augmentation: Augmentation, utterances: list[int], epoch: int = 1, seed: int = 0):
    power, frames = spectra(len(utterances))
    return Augmenter(augmentation, FRONT_END, seed, "cpu")(power, frames, utterances, epoch)


EVERYTHING = Augmentation(
    speed=0.1, vocal_tract=0.1, tempo=0.2, noise_probability=1.0, frequency_masks=2, time_masks=2
)


def test_the_default_changes_nothing():
    power, frames = spectra()
    plain, _ = FRONT_END.features(power, frames)
    torch.testing.assert_close(augment(Augmentation(), [0, 1, 2])[0], plain)


def test_an_utterance_is_changed_alike_in_any_company():
    power, frames = spectra(3)
    augmenter = Augmenter(EVERYTHING, FRONT_END, 0, "cpu")
    together, sizes = augmenter(power, frames, [7, 8, 9], 2)
    for row, utterance in enumerate((7, 8, 9)):
        alone, size = augmenter(power[row : row + 1], frames[row : row + 1], [utterance], 2)
        assert sizes[row] == size[0]
        torch.testing.assert_close(together[row, : size[0]], alone[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("other", [{"epoch": 2}, {"seed": 1}, {"utterances": [4, 5, 6]}])
def test_epoch_seed_and_utterance_each_change_the_draws(other):
    settings = {"utterances": [0, 1, 2]} | other
    first, second = augment(EVERYTHING, [0, 1, 2]), augment(EVERYTHING, **settings)
    assert first[0].shape != second[0].shape or not torch.allclose(first[0], second[0])


def test_tempo_stays_within_its_limits_and_fills_them():
    _, frames = augment(Augmentation(tempo=0.2), list(range(200)))
    tempo = 101 / frames
    assert 0.79 <= tempo.min() < 0.83
    assert 1.17 < tempo.max() <= 1.21
    assert Augmentation(tempo=0.2, speed=0.1).fastest == pytest.approx(1.32)


def test_noise_has_the_stated_ratio_and_the_spectrum_of_waveforms_added():
    """|X + N|² drawn from spectra against waveforms that were really added, white noise at 10 dB."""
    generator = torch.Generator().manual_seed(1)
    samples = torch.randn(64, RATE, generator=generator)
    power, frames = FRONT_END.spectra(samples, torch.full((64,), RATE))
    augmenter = Augmenter(Augmentation(noise_probability=1.0, snr_db=(10.0, 10.0)), FRONT_END, 0, "cpu")
    draws = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]).expand(64, 6)
    noisy = augmenter._with_noise(power, frames, draws, list(range(64)), 1)
    added = samples + 10**-0.5 * torch.randn(samples.shape, generator=generator)
    expected, _ = FRONT_END.spectra(added, torch.full((64,), RATE))
    inner = slice(2, -2)
    assert noisy[:, inner].mean() / power[:, inner].mean() == pytest.approx(1.1, rel=0.01)
    drawn, real = noisy[:, inner].flatten().sort().values, expected[:, inner].flatten().sort().values
    quantiles = (torch.tensor([0.1, 0.5, 0.9]) * len(drawn)).long()
    torch.testing.assert_close(drawn[quantiles], real[quantiles], rtol=0.03, atol=0)


def test_masks_hide_no_more_than_they_may():
    features, frames = augment(
        Augmentation(frequency_masks=1, frequency_width=0.25, time_masks=1, time_width=0.2), list(range(100))
    )
    bands = (features == 0).all(dim=1).sum(dim=1)
    times = (features == 0).all(dim=2).sum(dim=1)
    assert bands.max() == 5
    assert times.max() == int(0.2 * frames[0])
    assert bands.min() == times.min() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speed": 1.0}, "speed must lie in"),
        ({"noise_probability": 1.1}, "noise_probability must lie in"),
        ({"time_masks": -1}, "time_masks must not be negative"),
        ({"snr_db": (20.0, 10.0)}, "snr_db must name the least"),
    ],
)
def test_bad_limits_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**changes)
