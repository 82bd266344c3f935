// Each stage as a sound; reference.py holds the same.
import { cepstrum, envelope, logEnergies, melEnergies } from "../shared/sound/features.js";
import { bandEnergies, bandsOf, FLOOR, FRAMES, HOP, inspect, RATE, SIZE, WINDOW } from "./analysis.js";

export const STAGES = ["sound", "frame", "spectrum", "mel", "mfcc"];
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const responses = new Map();

// Energy that a unit sine at each band's peak gives that band.
function responsesOf(count) {
  if (!responses.has(count)) {
    const { bank, centres } = bandsOf(count);
    const energyOf = (frequency, m) => {
      const sine = FRAMES.taper.map(
        (w, k) => w * Math.cos((2 * Math.PI * frequency * (k - SIZE / 2)) / RATE),
      );
      return melEnergies(FRAMES.power(sine), bank)[m];
    };
    responses.set(count, Float64Array.from(centres, energyOf));
  }
  return responses.get(count);
}

// y[t] = Σ_m a_m(t) sin(2π f_m t + 2π frac(0.618 m)), amplitudes interpolated between frames
export function sumOfSines(frequencies, amplitudes, length) {
  const out = new Float64Array(length);
  const last = amplitudes.length - 1;
  frequencies.forEach((frequency, m) => {
    const phase = (m * GOLDEN) % 1;
    for (let t = 0; t < length; t++) {
      const place = Math.min(t / HOP, last);
      const before = Math.min(Math.floor(place), Math.max(0, last - 1));
      const here = amplitudes[before][m];
      const there = amplitudes[Math.min(before + 1, last)][m];
      const amplitude = here + (place - before) * (there - here);
      out[t] += amplitude * Math.sin(2 * Math.PI * ((frequency * t) / RATE + phase));
    }
  });
  return out;
}

function frameOverAndOver(windowed) {
  const left = (SIZE - WINDOW) / 2;
  return Float64Array.from({ length: RATE }, (_, t) => windowed[left + (t % WINDOW)]);
}

function bandsAsSines(entered, state, change) {
  const { centres } = bandsOf(state.n_mels);
  const response = responsesOf(state.n_mels);
  const amplitudes = bandEnergies(entered, state.n_mels).map((energies) =>
    change(energies).map((energy, m) => Math.sqrt(energy / response[m])),
  );
  return sumOfSines(centres, amplitudes, entered.samples.length);
}

const MAKERS = {
  sound: (entered) => entered.samples,
  frame: (entered, state) => frameOverAndOver(inspect(entered, state).windowed),
  spectrum: (entered, state) => {
    const amplitudes = inspect(entered, state).power.map(Math.sqrt);
    const bins = amplitudes.map((_, k) => (k * RATE) / SIZE);
    return sumOfSines(bins, [amplitudes], RATE);
  },
  mel: (entered, state) => bandsAsSines(entered, state, (energies) => energies),
  mfcc: (entered, state) =>
    bandsAsSines(entered, state, (energies) =>
      envelope(cepstrum(logEnergies(energies, FLOOR), state.n_mfcc), state.n_mels).map(Math.exp),
    ),
};

// What is played for a stage, before it is brought to one level.
export function soundOf(stage, entered, state) {
  return MAKERS[stage](entered, state);
}
