"""The sound modules that two widgets share, against NumPy and hnrc_lib.audio."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from hnrc_lib import audio
from hnrc_lib.widgets.base import WIDGETS
from tests.browser import run_node

NUM_CASES = 50
SIZES = [1, 2, 3, 7, 64, 97, 200, 256, 360, 512]


def sound(expression: str, data: Any = None) -> Any:
    """An expression over the exports of every module in shared/sound, in Node."""
    folder = WIDGETS / "shared" / "sound"
    names = ("fft", "resample", "features", "level")
    imports = "".join(f"import * as {name} from '{(folder / f'{name}.js').as_uri()}';" for name in names)
    return run_node(f"{imports} answer({expression});", data)


def test_the_transform_equals_numpy() -> None:
    rng = np.random.default_rng(0)
    cases = [rng.standard_normal((2, size)) for size in SIZES for _ in range(5)]
    got = sound(
        """data.map(([re, im]) => {
          const { re: x, im: y } = fft.createFFT(re.length)(re, im);
          return [[...x], [...y]];
        })""",
        [case.tolist() for case in cases],
    )
    for case, (real, imaginary) in zip(cases, got, strict=True):
        expected = np.fft.fft(case[0] + 1j * case[1])
        size = np.abs(expected).max()
        np.testing.assert_allclose(
            np.array(real) + 1j * np.array(imaginary), expected, atol=1e-14 * 20 * size
        )


@pytest.mark.parametrize("size", ["0", "2.5", "'8'", "NaN"])
def test_a_transform_of_no_length_is_refused(size: str) -> None:
    with pytest.raises(RuntimeError, match="n must be an integer of at least 1, got"):
        sound(f"fft.createFFT({size})")


def slow_resample(samples: np.ndarray, old: int, new: int) -> np.ndarray:
    """The windowed sinc, sample by sample, with NumPy's Bessel function."""
    lower = min(1, new / old)
    band, reach = 0.955 * lower, 64 / lower
    places = np.arange(len(samples))
    out = []
    for m in range(math.ceil(len(samples) * new / old)):
        distance = m * old / new - places
        taper = np.i0(8.96 * np.sqrt(np.maximum(0, 1 - (distance / reach) ** 2))) / np.i0(8.96)
        out.append((samples * band * np.sinc(band * distance) * taper * (np.abs(distance) <= reach)).sum())
    return np.array(out)


@pytest.mark.parametrize(("old", "new"), [(48000, 8000), (44100, 8000), (8000, 11025), (16000, 16000)])
def test_resampling_equals_its_formula(old: int, new: int) -> None:
    samples = np.random.default_rng(old).standard_normal(700)
    got = sound(f"[...resample.resample(data, {old}, {new})]", samples.tolist())
    expected = samples if old == new else slow_resample(samples, old, new)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("old", [44100, 48000])
def test_resampling_keeps_the_band_and_folds_nothing(old: int) -> None:
    kept, folded = (300.0, 3500.0), (4100.0, 5500.0, 11000.0)
    time = np.arange(old // 8) / old
    tones = [np.sin(2 * np.pi * frequency * time).tolist() for frequency in (*kept, *folded)]
    got = np.array(sound(f"data.map((tone) => [...resample.resample(tone, {old}, 8000)])", tones))[
        :, 100:-100
    ]
    places = np.arange(100, 100 + got.shape[1]) / 8000
    for frequency, line in zip(kept, got, strict=False):
        np.testing.assert_allclose(line, np.sin(2 * np.pi * frequency * places), atol=1e-3)
    assert np.abs(got[len(kept) :]).max() < 10 ** (-80 / 20)


def test_resampling_agrees_with_the_library() -> None:
    rng = np.random.default_rng(1)
    time = np.arange(12000) / 48000
    samples = sum(np.sin(2 * np.pi * f * time + p) for f, p in rng.uniform([100, 0], [3400, 6], (8, 2))) / 8
    got = np.array(sound("[...resample.resample(data, 48000, 8000)]", samples.tolist()))
    expected = audio.resample(torch.tensor(samples), 48000, 8000).numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got[80:-80], expected[80:-80], atol=2e-4)


@pytest.mark.parametrize(("old", "new"), [("0", "8000"), ("8000", "-1"), ("44100.5", "8000")])
def test_a_rate_that_is_none_is_refused(old: str, new: str) -> None:
    with pytest.raises(RuntimeError, match=r"(from|to) must be a whole number of hertz, got"):
        sound(f"resample.resample([1, 2], {old}, {new})")


FEATURES = """data.map(({ samples, bands, kept, emphasis, rate, size, window, hop }) => {
  const frames = features.createFrames({ size, window, hop });
  const bank = features.melBank(rate, size, bands);
  const shaped = features.preEmphasis(samples, emphasis);
  return Array.from({ length: frames.count(samples.length) }, (_, t) => {
    const power = frames.power(frames.windowed(shaped, t));
    const energies = features.melEnergies(power, bank);
    const log = features.logEnergies(energies, 1e-10);
    const found = { power, energies, log, mfcc: features.cepstrum(log, kept) };
    return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, [...values]]));
  });
})"""


def feature_cases() -> list[dict[str, Any]]:
    """Sounds and settings at random, silence and single samples among them."""
    rng = np.random.default_rng(2)
    cases = []
    for i in range(NUM_CASES):
        rate = [8000, 16000][i % 2]
        window = rate // 40
        length = [1, 79, 640, int(rng.integers(200, 1500))][i % 4]
        bands = int(rng.integers(13, 41))
        samples = rng.standard_normal(length) * 10 ** rng.uniform(-4, 0) * (i % 7 > 0)
        cases.append(
            {
                "samples": samples.tolist(),
                "rate": rate,
                "window": window,
                "size": 1 << (window - 1).bit_length(),
                "hop": rate // 100,
                "bands": bands,
                "kept": int(rng.integers(1, 14)),
                "emphasis": [0.0, 0.97][i % 3 == 1],
            }
        )
    return cases


def test_features_equal_the_library() -> None:
    cases = feature_cases()
    for case, frames in zip(cases, sound(FEATURES, cases), strict=True):
        samples = torch.tensor(case["samples"], dtype=torch.float64)
        shaped = audio.pre_emphasis(samples, case["emphasis"])
        sizes = {"n_fft": case["size"], "win_length": case["window"], "hop_length": case["hop"]}
        power = audio.power_spectrogram(shaped, **sizes)
        bank = audio.mel_filter_bank(
            sample_rate=case["rate"], n_fft=case["size"], n_mels=case["bands"], dtype=torch.float64
        )
        energies = power @ bank.T
        log = energies.clamp(min=1e-10).log()
        expected = {
            "power": power,
            "energies": energies,
            "log": log,
            "mfcc": audio.cepstral_coefficients(log, n_mfcc=case["kept"]),
        }
        assert len(frames) == len(power)
        for name, values in expected.items():
            got = np.array([frame[name] for frame in frames])
            loudest = float(values.abs().max())
            np.testing.assert_allclose(got, values.numpy(), rtol=1e-10, atol=1e-13 * loudest, err_msg=name)


def test_all_coefficients_give_the_bands_back() -> None:
    bands = np.random.default_rng(3).standard_normal((5, 26)).tolist()
    got = sound("data.map((y) => [...features.envelope(features.cepstrum(y, 26), 26)])", bands)
    np.testing.assert_allclose(got, bands, rtol=1e-12, atol=1e-12)
    level = sound("data.map((y) => [...features.envelope(features.cepstrum(y, 1), 26)])", bands)
    np.testing.assert_allclose(level, np.repeat(np.mean(bands, axis=1)[:, None], 26, axis=1), rtol=1e-12)


def test_mel_scale_is_the_library_s() -> None:
    hertz = np.linspace(0, 8000, 41)
    mels, back = sound(
        "[data.map(features.hzToMel), data.map((f) => features.melToHz(features.hzToMel(f)))]", hertz.tolist()
    )
    np.testing.assert_allclose(mels, audio.hz_to_mel(torch.tensor(hertz)).numpy(), rtol=1e-12)
    np.testing.assert_allclose(back, hertz, rtol=1e-12, atol=1e-12)
