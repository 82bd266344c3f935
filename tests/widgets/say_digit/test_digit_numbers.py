"""The page's front end and network against hnrc_lib.audio and torch, in Node and in Chromium."""

from typing import Any

import numpy as np
import pytest
import torch

from hnrc_lib.audio import FrontEnd
from hnrc_lib.models import CNN
from hnrc_lib.recognition.weights import pack_weights, unpack_weights
from hnrc_lib.widgets.clips import shipped_clips
from hnrc_lib.widgets.packed import pack_array
from hnrc_lib.widgets.say_digit import reference
from tests.widgets.compare import in_chromium, in_node

NUM_CASES = 50
SETTINGS = {
    "sample_rate": 8000,
    "n_mels": 24,
    "delta_order": 1,
    "variance": False,
    "num_frames": 32,
    "window_seconds": 0.025,
    "hop_seconds": 0.01,
    "floor": 1e-7,
    "dynamic_range_db": 40.0,
    "trim_db": 25.0,
}
SIZES = ({"channels": (4, 5, 6), "hidden": 7}, {"channels": (16, 32, 32), "hidden": 32})
MODULES = ("cut", "network", "word_features")
COMPUTE = """
const compute = ({ sounds, networks, states }) => {
  const made = networks.map(network.createNetwork);
  const hear = word_features.createWordFrontEnd(states[0].settings);
  return states.map((state) => {
    const heard = cut.heardPart(Float64Array.from(sounds[state.sound]), state.part, state.snr);
    const { levels, slopes, seconds } = hear(heard);
    const logits = made[state.network]([levels, slopes]);
    const rows = levels.map((row, t) => [...row, ...slopes[t]]);
    return { heard: [...heard], rows, seconds, logits: [...logits], shares: [...network.softmax(logits)] };
  });
};
"""


def random_network(sizes: dict[str, Any], seed: int) -> tuple[CNN, dict[str, np.ndarray]]:
    """A network with weights of eight bits as torch restores them, and those weights as they are stored."""
    generator = torch.Generator().manual_seed(seed)
    model = CNN(48, 32, 10, num_groups=2, generator=generator, **sizes)
    with torch.no_grad():
        for bias in (p for p in model.parameters() if p.dim() == 1):
            bias.uniform_(-0.3, 0.3, generator=generator)
    stored = pack_weights(model.state_dict(), "int8")
    model.load_state_dict(unpack_weights(stored, model.state_dict()))
    return model.eval(), {name: value.numpy() for name, value in stored.items()}


def cases() -> dict[str, Any]:
    """Words and noises, whole and in part, from clean to drowned."""
    rng = np.random.default_rng(0)
    sounds = [clip.samples for clip in shipped_clips()]
    sounds += [
        rng.standard_normal(900) * 0.1,
        np.concatenate([np.zeros(2000), rng.standard_normal(900) * 0.2]),
    ]
    states = []
    for i in range(NUM_CASES):
        start, end = np.sort(rng.uniform(0, 1, 2)) if i % 3 else (0.0, 1.0)
        part = [float(start), float(end)]
        snr = float(rng.uniform(*reference.SNR_BOUNDS))
        states.append(
            {"sound": i % len(sounds), "network": i % 2, "part": part, "snr": snr, "settings": SETTINGS}
        )
    return {"sounds": [sound.tolist() for sound in sounds], "states": states}


def check(data: dict[str, Any], answers: list[dict[str, Any]]) -> None:
    networks = [random_network(sizes, seed) for seed, sizes in enumerate(SIZES)]
    worst = 0.0
    for state, got in zip(data["states"], answers, strict=True):
        heard = reference.heard_part(np.array(data["sounds"][state["sound"]]), state)
        np.testing.assert_allclose(got["heard"], heard, rtol=1e-10, atol=1e-14)
        image = reference.features(heard, SETTINGS)
        np.testing.assert_allclose(got["rows"], image, rtol=1e-9, atol=1e-9)
        model, weights = networks[state["network"]]
        scores = reference.logits(image, weights)
        np.testing.assert_allclose(got["logits"], scores, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(got["shares"], reference.softmax(scores), rtol=1e-8, atol=1e-12)
        single = torch.from_numpy(heard).float()[None]
        features, _ = FrontEnd(**SETTINGS)(single, torch.tensor([len(heard)]))
        with torch.inference_mode():
            expected = model(features)[0].numpy()
        worst = max(worst, float(np.abs(expected - got["logits"]).max() / max(1, np.abs(expected).max())))
    assert worst < 1e-4


def packed(data: dict[str, Any]) -> dict[str, Any]:
    networks = [random_network(sizes, seed)[1] for seed, sizes in enumerate(SIZES)]
    return data | {
        "networks": [{k: pack_array(v, str(v.dtype)) for k, v in weights.items()} for weights in networks]
    }


def test_numpy_equals_torch_in_double_precision() -> None:
    rng = np.random.default_rng(1)
    for seed, sizes in enumerate(SIZES):
        model, weights = random_network(sizes, seed)
        image = rng.standard_normal((32, 48))
        with torch.inference_mode():
            expected = model.double()(torch.from_numpy(image)[None])[0].numpy()
        np.testing.assert_allclose(reference.logits(image, weights), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("frames", [2, 3, 31, 33])
def test_short_and_long_words_are_stretched_as_the_library_does(frames: int) -> None:
    sound = np.random.default_rng(frames).standard_normal(80 * (frames - 1) + 1)
    data = packed({"sounds": [sound.tolist()], "states": []})
    state = {"sound": 0, "network": 0, "part": [0, 1], "snr": 60.0, "settings": SETTINGS}
    (got,) = in_node("say_digit", MODULES, COMPUTE, data | {"states": [state]})
    expected = reference.features(reference.heard_part(sound, state), SETTINGS)
    np.testing.assert_allclose(got["rows"], expected, rtol=1e-9, atol=1e-9)


def test_node_equals_the_library_and_torch() -> None:
    data = cases()
    check(data, in_node("say_digit", MODULES, COMPUTE, packed(data)))


@pytest.mark.page
def test_chromium_equals_the_library_and_torch(chromium: Any) -> None:
    data = cases()
    check(data, in_chromium(chromium, "say_digit", MODULES, COMPUTE, packed(data)))


def test_noise_is_white_and_of_the_level_asked_for() -> None:
    noise = reference.white_noise(20000)
    assert abs(noise.mean()) < 0.01
    assert np.square(noise).mean() == pytest.approx(1 / 3, rel=0.02)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.02
    samples = shipped_clips()[0].samples
    added = reference.heard_part(samples, {"part": [0, 1], "snr": 10.0}) - samples
    ratio = 10 * np.log10(np.square(samples).mean() / np.square(added).mean())
    assert ratio == pytest.approx(10, abs=0.2)
