// The bounds of every trait (widget.py holds the same), the first settings, and all that the views show of a state.
import { gainRow, spectralNorm, stepJacobians } from "./cells.js";

export const LARGEST_LENGTH = 80;
export const RECENT = 10;
const VANISHED = 1e-3;
const EXPLODED = 1e3;
const HALVINGS = 50;

export const SCHEMA = {
  cell: { options: ["linear", "tanh", "lstm"] },
  radius: { min: 0.3, max: 2 },
  length: { min: 2, max: LARGEST_LENGTH, integer: true },
  forget_bias: { min: -2, max: 6 },
  threshold: { min: 0.01, max: 1000 },
  seed: { min: 0, max: 9999, integer: true },
  recurrent: { packed: 3 },
  inputs: { packed: 3 },
};

export const FIRST = { cell: "tanh", radius: 0.9, length: 60, forget_bias: 1, threshold: 1 };

const norms = new WeakMap();

// ‖W‖ does not depend on what a reader moves.
function normOf(recurrent) {
  if (!norms.has(recurrent)) norms.set(recurrent, spectralNorm(recurrent));
  return norms.get(recurrent);
}

// r of the geometric line: ρ, or an LSTM's forget gate at its bias alone.
export function rateOf({ cell, radius, forget_bias: bias }) {
  return cell === "lstm" ? 1 / (1 + Math.exp(-bias)) : radius;
}

// Steps back from the end at which the gain first leaves [10⁻³, 10³], and how; null where it never does.
function lostIn(row) {
  for (let back = 0; back < row.length; back++) {
    const gain = row[row.length - 1 - back];
    if (gain < VANISHED) return { back, how: "vanishes" };
    if (gain > EXPLODED) return { back, how: "explodes" };
  }
  return null;
}

function squares(row, from) {
  let sum = 0;
  for (let t = Math.max(1, from); t < row.length; t++) sum += row[t] * row[t];
  return sum;
}

// Of the last row: how much of the gradient is left where, and what a clip at the norm c makes of it.
function summary(row, threshold) {
  const square = squares(row, 1);
  const norm = Math.sqrt(square);
  return {
    lost: lostIn(row),
    norm,
    scale: Math.min(1, threshold / norm),
    recent: squares(row, row.length - RECENT) / square,
  };
}

function checkArrays({ recurrent, inputs }) {
  const n = recurrent.shape[1];
  const expected = `recurrent (4, n, n) and inputs (4, ${LARGEST_LENGTH}, n)`;
  const good = [recurrent.shape, inputs.shape].join() === [4, n, n, 4, LARGEST_LENGTH, n].join();
  if (!good) throw new RangeError(`expected ${expected}, got (${recurrent.shape}) and (${inputs.shape})`);
  return n;
}

export function inspect(state) {
  const units = checkArrays(state);
  const jacobians = stepJacobians(state);
  const rows = Array.from({ length: state.length + 1 }, (_, last) => gainRow(jacobians, units, last));
  return {
    state,
    rows,
    rate: rateOf(state),
    bound: state.cell === "lstm" ? null : state.radius * normOf(state.recurrent),
    ...summary(rows.at(-1), state.threshold),
  };
}

// What balances a cell: its ρ, or an LSTM's forget bias, and the gain over the whole length less 1.
function scaleOf(state) {
  const name = state.cell === "lstm" ? "forget_bias" : "radius";
  const excess = (value) => {
    const jacobians = stepJacobians({ ...state, [name]: value });
    return gainRow(jacobians, state.recurrent.shape[1], state.length)[0] - 1;
  };
  const { min: low, max: high } = SCHEMA[name];
  const rising = excess(high) > 0;
  return { name, excess, low, high, rising, crosses: excess(low) > 0 !== rising };
}

const answers = new WeakMap();

// Kept for the arrays it belongs to: only the length and an LSTM's other parameter can change it.
export function canBalance(state) {
  const { cell, length, radius, inputs } = state;
  const key = [cell, length, cell === "lstm" ? radius : 0].join();
  const kept = answers.get(inputs);
  if (kept?.key === key) return kept.crosses;
  const { crosses } = scaleOf(state);
  answers.set(inputs, { key, crosses });
  return crosses;
}

// The ρ, or an LSTM's forget bias, at which the gain over the whole length is 1; null where there is none.
export function balance(state) {
  const { name, excess, rising, crosses, ...ends } = scaleOf(state);
  if (!crosses) return null;
  let { low, high } = ends;
  for (let k = 0; k < HALVINGS; k++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0 === rising) high = middle;
    else low = middle;
  }
  return { [name]: Number(low.toFixed(3)) };
}
