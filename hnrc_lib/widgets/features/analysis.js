// One sound on its way from samples to coefficients; reference.py holds the same.
import {
  cepstrum,
  createFrames,
  envelope,
  logEnergies,
  melBank,
  melEdges,
  melEnergies,
  preEmphasis,
} from "../shared/sound/features.js";

export const RATE = 8000;
export const WINDOW = 200;
export const SIZE = 256;
export const HOP = 80;
export const FLOOR = 1e-10;
export const COEFFICIENT = 0.97;

export const FRAMES = createFrames({ size: SIZE, window: WINDOW, hop: HOP });
const banks = new Map();

// The triangles and the frequencies of their peaks.
export function bandsOf(count) {
  if (!banks.has(count))
    banks.set(count, {
      bank: melBank(RATE, SIZE, count),
      centres: melEdges(RATE, count).subarray(1, count + 1),
    });
  return banks.get(count);
}

// What does not depend on the frame chosen: the sound as it enters, and the power of all its frames.
export function enter(samples, emphasis) {
  const entering = emphasis === "on" ? preEmphasis(samples, COEFFICIENT) : Float64Array.from(samples);
  const count = FRAMES.count(samples.length);
  const powers = Array.from({ length: count }, (_, t) => FRAMES.power(FRAMES.windowed(entering, t)));
  return { samples: entering, powers };
}

export function bandEnergies({ powers }, count) {
  return powers.map((power) => melEnergies(power, bandsOf(count).bank));
}

// Every stage of one frame; past the sound's end, of its last.
export function inspect({ samples, powers }, { frame, n_mels, n_mfcc }) {
  const index = Math.min(frame, powers.length - 1);
  const energies = melEnergies(powers[index], bandsOf(n_mels).bank);
  const log = logEnergies(energies, FLOOR);
  const coefficients = cepstrum(log, n_mfcc);
  return {
    index,
    count: powers.length,
    cut: FRAMES.cut(samples, index),
    windowed: FRAMES.windowed(samples, index),
    power: powers[index],
    energies,
    log,
    coefficients,
    envelope: envelope(coefficients, n_mels),
  };
}

// The frame of greatest energy, the first of equals.
export function loudestFrame({ powers }) {
  const energies = powers.map((power) => power.reduce((sum, x) => sum + x, 0));
  return energies.indexOf(Math.max(...energies));
}
