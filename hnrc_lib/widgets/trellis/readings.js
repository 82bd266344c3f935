// What the models themselves hear, and which outputs are worth a row.
import { BLANK } from "./lattice.js";
import { softmaxRows } from "./passes.js";

const RIVALS = 3; // outputs beside the label's own that are shown
const SLACK = 1e-6; // gradients that are equally large

function indexOfLargest(values) {
  let best = 0;
  values.forEach((value, k) => (best = value > values[best] ? k : best));
  return best;
}

// The best output of each frame, repetitions merged, blanks left out.
export function greedyReading(logits, symbols) {
  const best = logits.map(indexOfLargest);
  const kept = best.filter((index, t) => index !== BLANK && index !== best[t - 1]);
  return kept.map((index) => symbols[index - 1]).join("");
}

export function likeliest(logLikelihoods) {
  return indexOfLargest(logLikelihoods);
}

// The blank, the label's outputs in their order, and the strongest others.
export function shownClasses(logits, classes) {
  const own = [...new Set([BLANK, ...classes])];
  const peaks = softmaxRows(logits).reduce((high, row) => high.map((value, c) => Math.max(value, row[c])));
  const others = [...peaks.keys()].filter((c) => !own.includes(c)).sort((a, b) => peaks[b] - peaks[a] || a - b);
  return [...own, ...others.slice(0, RIVALS)];
}

// The first frame where the gradient is as large as anywhere, and the best path's state there; counted from 1.
export function home({ gradient, passes }) {
  const sizes = gradient.map((row) => Math.max(...row.map(Math.abs)));
  const frame = sizes.findIndex((size) => size >= Math.max(...sizes) - SLACK);
  return { frame: frame + 1, row: Math.max(passes.path[frame], 0) + 1 };
}
