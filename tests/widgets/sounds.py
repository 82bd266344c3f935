"""What tests of widgets with sound share: files to open and to speak, and what a page has played."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hnrc_lib.audio import write_audio
from tests.browser import PageProbe

# Keeps what a page plays, and what it opens in which order; endless sounds end only when they are stopped.
HEAR = """
window.played = [];
window.opened = [];
window.endless = true;
const begin = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  window.played.push({ rate: this.buffer.sampleRate, samples: [...this.buffer.getChannelData(0)] });
  this.loop = window.endless;
  return begin.apply(this, when);
};
const Context = window.AudioContext;
window.AudioContext = class extends Context {
  constructor(...options) {
    super(...options);
    window.opened.push('context');
  }
};
if (navigator.mediaDevices) {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (...wanted) => {
    window.opened.push('microphone');
    return ask(...wanted);
  };
}
"""
DROP = """([selector, name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name));
  for (const type of ['dragover', 'drop'])
    document.querySelector(selector).dispatchEvent(
      new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
}"""


def wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """Write samples as a WAV of 16 bits and return its path."""
    return write_audio(path, samples, rate)


def last_played(probe: PageProbe) -> tuple[np.ndarray, int]:
    """The samples and the rate of the sound that was started last."""
    found = probe.page.evaluate("window.played.at(-1)")
    return np.array(found["samples"]), found["rate"]


def likeness(heard: np.ndarray, said: np.ndarray) -> float:
    """Greatest normalised correlation of a sound with a stretch of a longer one, at any delay."""
    products = np.correlate(heard, said, mode="valid")
    energies = np.convolve(np.square(heard), np.ones(len(said)), mode="valid")
    return float((products / np.sqrt(energies * np.square(said).sum() + 1e-12)).max())


def recorded(take: Callable[[], np.ndarray], said: np.ndarray, tries: int = 6) -> np.ndarray:
    """The first recording that holds what was said.

    On a busy machine Chromium's fake microphone drops blocks, before any of our code hears them; so a
    recording that lacks some is taken again, and only one that never is whole is a fault.

    Args:
        take: makes a recording and returns its samples.
        said: what the microphone plays over and over.
        tries: recordings that are taken before the test fails.
    """
    found = []
    for _ in range(tries):
        samples = take()
        found.append(likeness(samples, said))
        if found[-1] > 0.9:
            return samples
    raise AssertionError(f"{tries} recordings, none like what was said; their likenesses: {found}")


def probe_state(probe: PageProbe, index: int = 0) -> dict[str, Any]:
    """Everything that a widget's model holds, its module and style aside."""
    return probe.page.evaluate(
        """(index) => {
          const [, { model }] = [...window.hnrcWidgets][index];
          return Object.fromEntries(Object.entries(model.state).filter(([name]) => !name.startsWith('_')));
        }""",
        index,
    )
