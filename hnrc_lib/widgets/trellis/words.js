// What the explorer says: names, formulas and the sentences that tell its state.
import { formatNumber } from "../shared/format.js";

export const MODE_LABELS = [
  ["ctc", "CTC"],
  ["hmm", "HMM"],
];

export const QUANTITY_LABELS = [
  ["viterbi", "Viterbi"],
  ["forward", "Forward"],
  ["backward", "Backward"],
  ["posterior", "Posterior"],
];

export const DIGIT_LABELS = "zero one two three four five six seven eight nine"
  .split(" ")
  .map((name, digit) => [String(digit), name]);

const EMISSIONS = { ctc: "y", hmm: "b" };

const FORMULAS = {
  viterbi: (e) => `δₜ(s) = max over s′ of δₜ₋₁(s′) · a(s′, s) · ${e}ₜ(s): the best path into each cell`,
  forward: (e) => `αₜ(s) = Σ over s′ of αₜ₋₁(s′) · a(s′, s) · ${e}ₜ(s): all paths into each cell`,
  backward: (e) => `βₜ(s) = Σ over s′ of a(s, s′) · ${e}ₜ₊₁(s′) · βₜ₊₁(s′): all ways on from each cell`,
  posterior: () => "γₜ(s) = αₜ(s) · βₜ(s) / P: the share of all paths that pass through each cell",
};

export function tellFormula({ mode, quantity }) {
  return FORMULAS[quantity](EMISSIONS[mode]);
}

// A logarithm with two decimals, one from a thousand on.
export function fixed(value) {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const text = Math.abs(value).toFixed(Math.abs(value) < 1000 ? 2 : 1);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export function tellFrame(frame, frames) {
  return `${frame} of ${frames}`;
}

function tellName({ state, lattice, row }) {
  return state.mode === "ctc" ? `state ${row + 1}, ${lattice.names[row]}` : `state ${row + 1}`;
}

export function tellCell(scene) {
  return `frame ${tellFrame(scene.frame + 1, scene.grid.length)}, ${tellName(scene)}`;
}

const SYMBOLS = { viterbi: "log δ", forward: "log α", backward: "log β" };

function tellValue({ state, cell, passes, frame, row }) {
  if (state.quantity === "posterior") return `γ = ${formatNumber(passes.posterior[frame][row])}`;
  return `${SYMBOLS[state.quantity]} = ${fixed(cell.value)}`;
}

// The line under the plots: always the state itself, in words.
export function tellState(scene) {
  const { state, passes, digits, reading } = scene;
  const where = `${tellCell(scene)}: ${tellValue(scene)}.`;
  const start = where[0].toUpperCase() + where.slice(1);
  if (passes.logLikelihood === -Infinity) return `${start} No path: “${state.label}” has too few frames.`;
  if (state.mode === "ctc") {
    const heard = reading.heard === state.label ? "as the network itself reads it" : `the network reads “${reading.heard}”`;
    return `${start} Label “${state.label}”, ${heard}: loss −log P = ${fixed(-passes.logLikelihood)}.`;
  }
  const [own, best] = [digits[state.digit], digits[reading.digit]];
  const verdict =
    state.digit === reading.digit
      ? "the likeliest of the ten"
      : `${fixed(best - own)} below that of ${DIGIT_LABELS[reading.digit][1]}`;
  return `${start} Model of ${DIGIT_LABELS[state.digit][1]}: log P = ${fixed(passes.logLikelihood)}, ${verdict}.`;
}

function strongest(values) {
  return values.reduce((best, value, c) => (Math.abs(value) > Math.abs(values[best]) ? c : best), 0);
}

function signed(value) {
  return value < 0 ? `−${Math.abs(value).toFixed(2)}` : `+${value.toFixed(2)}`;
}

// The gradient at the chosen frame, at the output where it is largest.
export function tellGradient({ state, gradient, outputs, shares, rows, frame }) {
  const c = strongest(gradient[frame]);
  if (Math.abs(gradient[frame][c]) < 0.005) return "Gradient below 0.005 at this frame.";
  const value = signed(gradient[frame][c]);
  const share = shares[frame][c].toFixed(2);
  if (state.mode === "hmm") return `Gradient of −log P in log b of state ${rows[c]}: ${value}, minus its posterior.`;
  return `Gradient at ${rows[c]}: softmax ${outputs[frame][c].toFixed(2)} − posterior ${share} = ${value}.`;
}

export function tellTrellis(scene) {
  const { state, lattice, grid } = scene;
  const what = QUANTITY_LABELS.find(([name]) => name === state.quantity)[1];
  return `Trellis of ${grid.length} frames and ${lattice.names.length} states, ${what}; ${tellCell(scene)}.`;
}

export function titles({ state }) {
  if (state.mode === "ctc")
    return { gradient: "Gradient in the logits: softmax ○ − posterior ●", cell: "The chosen cell" };
  return { gradient: "Gradient in log b: 0 − posterior ●", cell: "The chosen cell" };
}
