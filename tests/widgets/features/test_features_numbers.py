"""The page's stages and sounds against hnrc_lib.audio and NumPy, in Node and in Chromium."""

from typing import Any

import numpy as np
import pytest

from hnrc_lib.widgets.clips import shipped_clips
from hnrc_lib.widgets.features import reference
from tests.widgets.compare import in_chromium, in_node

NUM_CASES = 60
RELATIVE = 1e-10
MODULES = ("analysis", "hearing")
COMPUTE = """
const plain = (value) => (ArrayBuffer.isView(value) ? [...value] : value);
const compute = ({ sounds, states }) => states.map((state) => {
  const entered = analysis.enter(sounds[state.sound], state.emphasis);
  const shown = Object.entries(analysis.inspect(entered, state)).map(([name, value]) => [name, plain(value)]);
  return {
    shown: Object.fromEntries(shown),
    heard: plain(hearing.soundOf(state.stage, entered, state)),
    energies: analysis.bandEnergies(entered, state.n_mels).map(plain),
    loudest: analysis.loudestFrame(entered),
  };
});
"""


def cases() -> dict[str, Any]:
    """Sounds, silence and one sample among them, and states over their whole ranges."""
    rng = np.random.default_rng(0)
    clip = shipped_clips()[0].packed()
    spoken = shipped_clips()[0].samples[1000:1900]
    assert clip["samples"]["dtype"] == "int16"
    sounds = [
        spoken,
        np.zeros(300),
        np.ones(1),
        *(rng.standard_normal(rng.integers(100, 900)) for _ in range(4)),
    ]
    states = []
    for i in range(NUM_CASES):
        states.append(
            {
                "sound": int(rng.integers(len(sounds))) if i >= len(sounds) else i,
                "frame": int(rng.integers(0, 12)) if i % 5 else reference.GREATEST_FRAME,
                "emphasis": ["off", "on"][i % 2],
                "n_mels": int(rng.integers(*reference.BANDS, endpoint=True)),
                "n_mfcc": int(rng.integers(1, reference.MOST_KEPT, endpoint=True)),
                "stage": reference.STAGES[i % len(reference.STAGES)],
            }
        )
    return {"sounds": [sound.tolist() for sound in sounds], "states": states}


def check(data: dict[str, Any], answers: list[dict[str, Any]]) -> None:
    for state, got in zip(data["states"], answers, strict=True):
        samples = np.array(data["sounds"][state["sound"]])
        expected = reference.inspect(samples, state)
        for name, value in got["shown"].items():
            wanted = getattr(expected, name)
            rounding = 1e-13 * float(np.abs(wanted).max())
            np.testing.assert_allclose(value, wanted, rtol=RELATIVE, atol=rounding, err_msg=name)
        heard = reference.heard(state["stage"], samples, state)
        loudest = float(np.abs(heard).max())
        np.testing.assert_allclose(got["heard"], heard, rtol=RELATIVE, atol=1e-10 * loudest)
        energies = reference.band_energies(samples, state)
        np.testing.assert_allclose(got["energies"], energies, rtol=RELATIVE, atol=1e-13 * energies.max())
        if state["emphasis"] == "off":
            assert got["loudest"] == reference.loudest_frame(samples)


def test_node_equals_the_library() -> None:
    data = cases()
    check(data, in_node("features", MODULES, COMPUTE, data))


@pytest.mark.page
def test_chromium_equals_the_library(chromium: Any) -> None:
    data = cases()
    check(data, in_chromium(chromium, "features", MODULES, COMPUTE, data))
