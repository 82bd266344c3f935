"""espeak-ng speaks, the same every time, and says what is wrong when it cannot."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from hnrc_lib.audio import synthesis
from hnrc_lib.audio.synthesis import SynthesisError, espeak_version, synthesize, voice_variants

# Variants with breath, flutter, Klatt's synthesiser and echo: those whose state outlives an utterance.
STATEFUL = [
    ("five", "en+whisper"),
    ("eight", "en-us+klatt2"),
    ("三", "cmn+m2"),
    ("zero", "en-us+f3"),
    ("nine", "en-gb-scotland+croak"),
]


def test_a_word_is_heard() -> None:
    samples, sample_rate = synthesize("seven")
    assert sample_rate == 22050
    assert samples.dtype == torch.float32
    assert 0.3 < len(samples) / sample_rate < 0.9
    assert 0.1 < samples.abs().max() < 1
    assert abs(samples.mean()) < 0.01


def test_what_was_spoken_before_does_not_matter() -> None:
    first = [synthesize(text, voice=voice).samples for text, voice in STATEFUL]
    again = [synthesize(text, voice=voice).samples for text, voice in reversed(STATEFUL)][::-1]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda request: synthesize(request[0], voice=request[1]).samples, STATEFUL))
    for one, other, third in zip(first, again, at_once, strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, third)


def test_a_second_process_gives_the_same_samples() -> None:
    code = (
        "import hashlib; from hnrc_lib.audio.synthesis import synthesize;"
        "print(hashlib.sha256(synthesize('five', voice='en+whisper').samples.numpy().tobytes()).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout
    here = synthesize("five", voice="en+whisper").samples.numpy().tobytes()
    assert elsewhere.strip() == hashlib.sha256(here).hexdigest()


def test_the_seed_changes_noise_and_nothing_else() -> None:
    one, other = (synthesize("five", voice="en+whisper", seed=seed).samples for seed in (1, 2))
    assert not torch.equal(one, other)
    same = [synthesize("five", voice="en+m3", seed=seed).samples for seed in (1, 2)]
    assert torch.equal(*same)


def test_rate_sets_the_tempo() -> None:
    lengths = [len(synthesize("seventeen", rate=rate).samples) for rate in (100, 175, 300)]
    assert lengths[0] > 1.3 * lengths[1] > 1.3 * 1.2 * lengths[2]


def test_volume_scales_the_samples() -> None:
    quiet, plain = (synthesize("seven", volume=volume).samples.square().mean().sqrt() for volume in (40, 80))
    assert (plain / quiet).item() == pytest.approx(2, rel=0.1)


def fundamental(samples: torch.Tensor, sample_rate: int) -> float:
    """Frequency of the highest autocorrelation peak between 60 and 400 Hz, in the loudest 50 ms."""
    signal = samples.numpy().astype(np.float64)
    size = sample_rate // 20
    start = max(range(0, len(signal) - size, 100), key=lambda at: np.square(signal[at : at + size]).sum())
    frame = signal[start : start + size]
    correlation = np.correlate(frame, frame, "full")[size - 1 :]
    low, high = sample_rate // 400, sample_rate // 60
    return sample_rate / (low + int(correlation[low:high].argmax()))


def test_pitch_raises_the_voice() -> None:
    heard = [
        fundamental(*synthesize("ah", voice="en-us", pitch=pitch, pitch_range=0)) for pitch in (20, 50, 90)
    ]
    assert heard[0] < heard[1] - 10 < heard[2] - 30
    assert heard[1] == pytest.approx(100, abs=20)


@pytest.mark.parametrize(
    ("digit", "low", "high"), [("四", -30, -5), ("六", -30, -5), ("一", -1, 4), ("三", -1, 4)]
)
def test_mandarin_tones_move_the_pitch(digit: str, low: float, high: float) -> None:
    """Falling in 四 and 六 (tone 4), level in 一 and 三 (tone 1), in hertz."""
    samples, sample_rate = synthesize(digit, voice="cmn", rate=120)
    early, late = (
        fundamental(samples[int(at * len(samples)) : int((at + 0.25) * len(samples))], sample_rate)
        for at in (0.3, 0.6)
    )
    assert low < late - early < high


def test_variants_sound_different() -> None:
    spoken = [synthesize("seven", voice=f"en-us+{variant}").samples for variant in ("f1", "f3", "m2", "m7")]
    for index, one in enumerate(spoken):
        for other in spoken[index + 1 :]:
            assert len(one) != len(other) or not torch.allclose(one, other, atol=0.05)


def test_version_and_variants() -> None:
    assert tuple(int(part) for part in espeak_version().split(".")[:2]) >= (1, 52)
    assert {"f1", "m7", "Annie", "Michael"} <= set(voice_variants())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "  "}, "text must hold something to say, got '  '"),
        ({"text": "a\0b"}, "text must not contain the character NUL"),
        ({"text": "a", "rate": 79}, "rate must be between 80 and 450, got 79"),
        ({"text": "a", "pitch": 100}, "pitch must be between 0 and 99, got 100"),
        ({"text": "a", "pitch_range": -1}, "pitch_range must be between 0 and 99, got -1"),
        ({"text": "a", "volume": 201}, "volume must be between 0 and 200, got 201"),
        ({"text": "a", "seed": 0}, "seed must be between 1 and"),
        ({"text": "a", "voice": "atlantean"}, "voice must be a language of espeak-ng.*got 'atlantean'"),
        (
            {"text": "a", "voice": "atlantean+f3"},
            r"voice must be a language of espeak-ng.*got 'atlantean\+f3'",
        ),
        ({"text": "a", "voice": "en-us+Adm"}, "variant 'Adm', which espeak-ng does not have; near:.*adam"),
        ({"text": "a", "voice": "en-us+"}, "variant '', which espeak-ng does not have"),
    ],
)
def test_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synthesize(**arguments)


def test_without_the_loader_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SynthesisError, match=r"python -m pip install 'espeakng-loader>=0\.2\.4'"):
        synthesize("seven")


def test_a_library_that_does_not_load_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, data = synthesis._installation()
    broken = tmp_path / "libespeak-ng.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(synthesis, "_installation", lambda: (broken, data))
    with pytest.raises(SynthesisError, match=r"espeak-ng failed on text 'seven'.*libespeak-ng\.so"):
        synthesize("seven")


def test_a_data_folder_without_data_is_an_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, _ = synthesis._installation()
    empty = tmp_path / "espeak-ng-data"
    empty.mkdir()
    monkeypatch.setattr(synthesis, "_installation", lambda: (library, empty))
    with pytest.raises(SynthesisError, match="espeak-ng failed on text 'seven'"):
        synthesize("seven")


def test_a_long_path_to_the_data_is_no_obstacle(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """espeak-ng keeps its data path in 160 characters; a project deep in a home folder has more."""
    library, data = synthesis._installation()
    deep = tmp_path / ("a" * 120) / ("é" * 60)
    deep.mkdir(parents=True)
    (deep / data.name).symlink_to(data, target_is_directory=True)
    expected = synthesize("seven").samples
    monkeypatch.setattr(synthesis, "_installation", lambda: (library, deep / data.name))
    assert torch.equal(synthesize("seven").samples, expected)


def test_a_hanging_espeak_is_stopped(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(synthesis, "_WORKER", sleeper)
    monkeypatch.setattr(synthesis, "_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(SynthesisError, match=r"did not finish text 'seven' within 0\.2 s"):
        synthesize("seven")
