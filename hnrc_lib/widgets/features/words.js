// What the explorer says: titles, names of the sounds, and the sentence that tells its state.
import { formatNumber, subscript } from "../shared/format.js";
import { HOP, RATE, SIZE } from "./analysis.js";

const NOTHING = 1e-9; // what rounding leaves where every coefficient is kept

export const LISTEN = {
  sound: "Listen to the sound",
  frame: "Listen to the windowed frame, over and over",
  spectrum: "Listen to the spectrum as sines of other phases",
  mel: "Listen to the mel bands, a sine for each",
  mfcc: "Listen to what the coefficients keep, a sine for each band",
};

export function tellFrame({ index, count }) {
  return `frame ${index} of 0 … ${count - 1}, at ${formatNumber((index * HOP) / RATE)} s`;
}

export function strongest({ power }) {
  const bin = power.indexOf(Math.max(...power));
  return `${formatNumber((bin * RATE) / SIZE, 4)} Hz`;
}

function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

// Root mean square of what the kept coefficients miss of the log energies.
export function missed({ log, envelope }) {
  return Math.sqrt(log.reduce((sum, y, m) => sum + (y - envelope[m]) ** 2, 0) / log.length);
}

function tellMissed(scene) {
  const rest = missed(scene);
  return rest < NOTHING
    ? "which give the log bands back"
    : `which miss the log bands by ${formatNumber(rest)} on average`;
}

export function tellCoefficients({ coefficients }) {
  return Array.from(coefficients.subarray(0, 3), (c, n) => `c${subscript(n)} = ${formatNumber(c)}`).join(", ");
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

export function tellState(scene) {
  const { state, sound } = scene;
  const emphasis = state.emphasis === "on" ? ", with pre-emphasis" : "";
  const kept = count(state.n_mfcc, "coefficient", "coefficients");
  return (
    `${capital(tellFrame(scene))} of ${sound.title}${emphasis}: strongest at ${strongest(scene)}; ` +
    `${state.n_mels} mel bands; ${kept} kept (${tellCoefficients(scene)}), ${tellMissed(scene)}.`
  );
}

export function titlesOf(scene) {
  const { state } = scene;
  return {
    sound: `Waveform and log mel bands: ${tellFrame(scene)}`,
    frame: "Frame × Hann window",
    spectrum: "Power spectrum, dB",
    mel: `${state.n_mels} mel energies`,
    log: "ln of the energies",
    mfcc: `MFCC: ${state.n_mfcc} kept, c₀ = ${formatNumber(scene.all[0])}`,
  };
}
