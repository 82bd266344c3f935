"""Trimming, rooms and noise have the properties that the manifest states."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnrc_lib.datasets.conditions import (
    add_noise,
    coloured_noise,
    reverberate,
    room_impulse_response,
    scale_to_level,
    trim_silence,
)

RATE = 8000


def decibels(ratio: float) -> float:
    return float(10 * np.log10(ratio))


@settings(deadline=None)
@given(
    before=st.integers(0, 900),
    loud=st.integers(80, 900),
    after=st.integers(0, 900),
    margin=st.sampled_from([0.0, 0.01, 0.02]),
)
def test_trimming_keeps_the_loud_part_and_little_else(
    before: int, loud: int, after: int, margin: float
) -> None:
    samples = np.concatenate([np.zeros(before), np.ones(loud), np.zeros(after)])
    trimmed = trim_silence(samples, RATE, margin=margin)
    assert trimmed.sum() == loud
    assert len(trimmed) <= loud + 2 * (80 + margin * RATE)


def test_trimming_goes_by_level_not_by_zeros() -> None:
    rng = np.random.default_rng(0)
    speech = np.concatenate([1e-3 * rng.standard_normal(1600), rng.standard_normal(800)])
    assert len(trim_silence(speech, RATE, threshold_db=40.0, margin=0.0)) == 800
    assert len(trim_silence(speech, RATE, threshold_db=80.0, margin=0.0)) == 2400


def test_silence_cannot_be_trimmed() -> None:
    with pytest.raises(ValueError, match="samples must hold something besides silence"):
        trim_silence(np.zeros(800), RATE)


@pytest.mark.parametrize("rt60", [0.15, 0.3, 0.6])
def test_the_room_decays_by_60_db_within_rt60(rt60: float) -> None:
    """Reverberation time by Schroeder's backward integration, fitted from −5 to −25 dB as ISO 3382 does."""
    measured = []
    for seed in range(20):
        response = room_impulse_response(rt60, 0.0, RATE, np.random.default_rng(seed))[24:]
        decay = 10 * np.log10(np.cumsum(np.square(response[::-1]))[::-1] / np.square(response).sum())
        part = np.flatnonzero((decay < -5) & (decay > -25))
        slope = np.polyfit(part / RATE, decay[part], 1)[0]
        measured.append(-60 / slope)
    assert np.mean(measured) == pytest.approx(rt60, rel=0.05)


@settings(deadline=None)
@given(drr_db=st.floats(-10, 20), seed=st.integers(0, 99))
def test_the_direct_sound_stands_above_the_tail_as_stated(drr_db: float, seed: int) -> None:
    response = room_impulse_response(0.2, drr_db, RATE, np.random.default_rng(seed))
    assert decibels(response[0] ** 2 / np.square(response[1:]).sum()) == pytest.approx(drr_db, abs=1e-9)
    assert not response[1:24].any()


def test_a_room_needs_time() -> None:
    with pytest.raises(ValueError, match=r"rt60 must be longer than 0\.003 s, got 0\.001"):
        room_impulse_response(0.001, 0.0, RATE, np.random.default_rng(0))


def test_reverberation_is_the_convolution_with_its_tail_cut() -> None:
    rng = np.random.default_rng(0)
    samples, response = rng.standard_normal(1000), room_impulse_response(0.5, 0.0, RATE, rng)
    slow = np.zeros(len(samples) + len(response) - 1)
    for index, tap in enumerate(response):
        slow[index : index + len(samples)] += tap * samples
    assert np.allclose(reverberate(samples, response, RATE, threshold_db=200.0), slow[:5000], atol=1e-9)
    short = reverberate(samples, response, RATE, threshold_db=20.0)
    assert len(samples) < len(short) < 4000
    assert np.allclose(short, slow[: len(short)], atol=1e-9)


def test_reverberation_keeps_a_faint_ending() -> None:
    samples = np.concatenate([np.ones(800), np.full(800, 1e-4)])
    response = np.zeros(50)
    response[0] = 1
    assert len(reverberate(samples, response, RATE, threshold_db=20.0)) == 1600


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_noise_falls_as_its_colour_says(exponent: float) -> None:
    noise = coloured_noise(200_000, exponent, RATE, np.random.default_rng(1))
    power = np.square(np.abs(np.fft.rfft(noise)))
    frequency = np.fft.rfftfreq(len(noise), 1 / RATE)
    edges = np.geomspace(50, 3500, 12)
    bands = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    density = [np.log10(power[band].mean()) for band in bands]
    slope = np.polyfit(np.log10(np.sqrt(edges[:-1] * edges[1:])), density, 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.07)
    assert np.square(noise).mean() == pytest.approx(1)
    assert noise.mean() == pytest.approx(0, abs=1e-12)


@settings(deadline=None)
@given(snr_db=st.floats(-20, 60), seed=st.integers(0, 99))
def test_the_signal_to_noise_ratio_is_as_stated(snr_db: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples, noise = rng.standard_normal(500), rng.standard_normal(500)
    added = add_noise(samples, noise, snr_db) - samples
    assert decibels(np.square(samples).mean() / np.square(added).mean()) == pytest.approx(snr_db, abs=1e-6)


@settings(deadline=None)
@given(level_db=st.floats(-60, 0))
def test_the_level_is_as_stated(level_db: float) -> None:
    scaled = scale_to_level(np.random.default_rng(0).standard_normal(100), level_db)
    assert decibels(np.square(scaled).mean()) == pytest.approx(level_db, abs=1e-9)
