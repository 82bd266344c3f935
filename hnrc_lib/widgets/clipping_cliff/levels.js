// Level lines of the loss, exactly: where w ≥ 0 the output σ(x_T) grows with b, so each output has one b(w).
import { clamp } from "../shared/scale.js";
import { outputAt, TARGET, WINDOW } from "./cliff.js";

const HALVINGS = 9; // of the window's height: less than a pixel, within which the line is interpolated
// a factor of 10^¼ between neighbours
export const LEVELS = Array.from({ length: 13 }, (_, k) => 0.4 * 10 ** (-k / 4));

function interpolated([b, output], [upper, above], wanted) {
  const share = above > output ? (wanted - output) / (above - output) : 0.5;
  return b + clamp(share, 0, 1) * (upper - b);
}

// The b at each of the outputs `wanted`, which ascend, or the window's edge that is nearer to it. All are
// halved at once, because most lines share most of their way: on the cliff they are one.
export function biasesFor(wanted, weight) {
  const found = [];
  const search = (from, to, low, high, depth) => {
    if (from === to) return;
    if (depth === HALVINGS) {
      for (let i = from; i < to; i++) found.push(interpolated(low, high, wanted[i]));
      return;
    }
    const b = (low[0] + high[0]) / 2;
    const middle = [b, outputAt([weight, b])];
    let split = from;
    while (split < to && wanted[split] <= middle[1]) split += 1;
    search(from, split, low, middle, depth + 1);
    search(split, to, middle, high, depth + 1);
  };
  const [low, high] = WINDOW[1].map((b) => [b, outputAt([weight, b])]);
  search(0, wanted.length, low, high, 0);
  return found;
}

// The outputs at the levels, upwards: below the target from the highest level on, then above it.
export function levelOutputs() {
  const below = LEVELS.map((level) => TARGET - Math.sqrt(level));
  const above = LEVELS.map((level) => TARGET + Math.sqrt(level)).filter((output) => output < 1);
  return [...below, ...above.reverse()];
}

// One line [[w, b], …] for each of the outputs, which must ascend: each lies on or above the one before.
export function levelCurves(outputs, pieces) {
  const [left, right] = WINDOW[0];
  const columns = Array.from({ length: pieces + 1 }, (_, i) => {
    const weight = left + ((right - left) * i) / pieces;
    return [weight, biasesFor(outputs, weight)];
  });
  return outputs.map((_, k) => columns.map(([weight, biases]) => [weight, biases[k]]));
}
