// From samples to cepstra, frame by frame: hnrc_lib.audio computes the same, and tests hold the two together.
import { createFFT } from "./fft.js";

const LINEAR_STEP = 200 / 3; // Slaney (1998): hertz per mel below the break
const BREAK_HZ = 1000;
const BREAK_MEL = 15;
const LOG_STEP = Math.log(6.4) / 27;

export function hzToMel(hertz) {
  return hertz < BREAK_HZ ? hertz / LINEAR_STEP : BREAK_MEL + Math.log(hertz / BREAK_HZ) / LOG_STEP;
}

export function melToHz(mel) {
  return mel < BREAK_MEL ? mel * LINEAR_STEP : BREAK_HZ * Math.exp((mel - BREAK_MEL) * LOG_STEP);
}

// y[t] = x[t] − a·x[t−1], the first sample repeated before the start
export function preEmphasis(samples, coefficient) {
  return Float64Array.from(samples, (x, t) => x - coefficient * samples[Math.max(0, t - 1)]);
}

// Hann, periodic, in the middle of a frame of `size` samples.
export function hannWindow(length, size) {
  const window = new Float64Array(size);
  const left = Math.floor((size - length) / 2);
  for (let k = 0; k < length; k++) window[left + k] = 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / length);
  return window;
}

// Edges of `count` triangles that overlap by half, even in mel from 0 to half the rate, in hertz.
export function melEdges(rate, count) {
  const top = hzToMel(rate / 2);
  return Float64Array.from({ length: count + 2 }, (_, i) => melToHz((top * i) / (count + 1)));
}

// Triangles of area one hertz: rows { first, weights } of their bins above zero.
export function melBank(rate, size, count) {
  const edges = melEdges(rate, count);
  const bins = 1 + Math.floor(size / 2);
  return Array.from({ length: count }, (_, m) => {
    const [low, middle, high] = edges.subarray(m, m + 3);
    const row = { first: 0, weights: [] };
    for (let k = 0; k < bins; k++) {
      const f = (k * rate) / size;
      const height = Math.min((f - low) / (middle - low), (high - f) / (high - middle));
      if (height <= 0) continue;
      if (!row.weights.length) row.first = k;
      row.weights.push((2 * height) / (high - low));
    }
    return row;
  });
}

export function melEnergies(power, bank) {
  const energies = new Float64Array(bank.length);
  for (let m = 0; m < bank.length; m++) {
    const { first, weights } = bank[m];
    for (let i = 0; i < weights.length; i++) energies[m] += weights[i] * power[first + i];
  }
  return energies;
}

export function logEnergies(energies, floor) {
  return energies.map((energy) => Math.log(Math.max(energy, floor)));
}

const cosines = new Map();

// Rows of the orthonormal DCT-II of `count` bands.
function cosinesOf(count) {
  if (!cosines.has(count)) {
    const row = (n) =>
      Float64Array.from(
        { length: count },
        (_, m) => Math.sqrt((n === 0 ? 1 : 2) / count) * Math.cos((Math.PI * n * (m + 0.5)) / count),
      );
    cosines.set(count, Array.from({ length: count }, (_, n) => row(n)));
  }
  return cosines.get(count);
}

// The first `kept` coefficients of the transform.
export function cepstrum(bands, kept) {
  const rows = cosinesOf(bands.length);
  const coefficients = new Float64Array(kept);
  for (let n = 0; n < kept; n++)
    for (let m = 0; m < bands.length; m++) coefficients[n] += bands[m] * rows[n][m];
  return coefficients;
}

// The bands that these coefficients alone give back.
export function envelope(coefficients, count) {
  const rows = cosinesOf(count);
  const bands = new Float64Array(count);
  for (let n = 0; n < coefficients.length; n++)
    for (let m = 0; m < count; m++) bands[m] += coefficients[n] * rows[n][m];
  return bands;
}

// Frames of `size` samples, one every `hop`, centred on samples 0, hop, …; zeros outside the sound.
export function createFrames({ size, window, hop }) {
  const taper = hannWindow(window, size);
  const transform = createFFT(size);
  const still = new Float64Array(size);
  const half = Math.floor(size / 2);
  const cut = (samples, index) => {
    const frame = new Float64Array(size);
    const start = index * hop - half;
    const end = Math.min(size, samples.length - start);
    for (let k = Math.max(0, -start); k < end; k++) frame[k] = samples[start + k];
    return frame;
  };
  const windowed = (samples, index) => {
    const frame = cut(samples, index);
    for (let k = 0; k < size; k++) frame[k] *= taper[k];
    return frame;
  };
  const power = (frame) => {
    const { re, im } = transform(frame, still);
    const squares = new Float64Array(half + 1);
    for (let k = 0; k <= half; k++) squares[k] = re[k] * re[k] + im[k] * im[k];
    return squares;
  };
  const count = (length) => Math.max(0, 1 + Math.floor((length + 2 * half - size) / hop));
  return { taper, cut, windowed, power, count };
}
