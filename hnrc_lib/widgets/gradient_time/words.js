// What the widget says: names, rules and the sentences that tell its state.
import { formatExact, formatNumber } from "../shared/format.js";
import { RECENT } from "./scene.js";

export const CELL_LABELS = [
  ["linear", "Linear"],
  ["tanh", "tanh"],
  ["lstm", "LSTM"],
];

export const KEYS = [
  ["gain", "gain 10⁻⁴ or less … 1 … 10⁴ or more"],
  ["row", "gain back from T"],
  ["clipped", "after the clip"],
  ["rate", "rʲ after j steps back"],
  ["bound", "bound ‖ρW‖ʲ"],
];

export const FORMULAS = {
  linear: "hₜ = ρW·hₜ₋₁ + uₜ: every step back multiplies by the same ρW",
  tanh: "hₜ = tanh(ρW·hₜ₋₁ + uₜ): the slope 1 − h² only shrinks what ρW does",
  lstm: "cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh cₜ: the cell state goes back through the forget gate f",
};

export const NO_BALANCE = {
  linear: "No ρ here carries the gradient with a gain of 1",
  tanh: "No ρ here carries the gradient with a gain of 1",
  lstm: "No forget bias here carries the gradient with a gain of 1",
};

export function balanceHint({ cell }) {
  const name = cell === "lstm" ? "forget bias" : "ρ";
  return `The ${name} at which the gain over the whole length is 1`;
}

export function tellLength(length) {
  return `T = ${length}`;
}

function tellCell({ cell, radius, forget_bias: bias, seed, recurrent }) {
  const size = `${recurrent.shape[1]} units, seed ${seed}`;
  const name = { linear: "Linear cell", tanh: "tanh cell", lstm: "LSTM" }[cell];
  const gate = cell === "lstm" ? `, forget bias b = ${formatExact(bias)}` : "";
  return `${name} (untrained, ${size}) with ρ = ${formatExact(radius)}${gate}`;
}

// The line under the plots: always the state itself, in words.
export function tellState({ state, rows, lost }) {
  const start = formatNumber(rows.at(-1)[0]);
  const reach = `from step ${tellLength(state.length)} a gradient arrives at step 0 times ${start}`;
  const limit = lost?.how === "explodes" ? "rises above 10³" : "falls below 10⁻³";
  const fate = lost
    ? `it ${lost.how}: its gain ${limit} ${tellBack(lost.back)}`
    : "its gain stays between 10⁻³ and 10³";
  return `${tellCell(state)}: ${reach}; ${fate}.`;
}

function tellBack(steps) {
  return steps === 1 ? "1 step back" : `${steps} steps back`;
}

// What the clip does, and what it cannot do.
export function tellOutcome({ state, norm, scale, recent }) {
  const c = `c = ${formatExact(state.threshold)}`;
  const share = `the last ${RECENT} steps hold ${formatNumber(100 * recent)} % of its square`;
  const whole = `The gradient of all states has the norm ${formatNumber(norm)}`;
  if (scale === 1) return `${whole}, under ${c}: the clip does nothing; ${share}.`;
  return `${whole}, and ${c} multiplies all of it by ${formatNumber(scale)}; ${share}, clipped or not.`;
}

export function tellCurve({ state, rate, bound }) {
  const limit = bound === null ? "" : `, ‖ρW‖ = ${formatNumber(bound)}`;
  return `Gain back from ${tellLength(state.length)}; r = ${formatNumber(rate)}${limit}`;
}
