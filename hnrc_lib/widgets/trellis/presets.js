// The bounds of every trait (widget.py holds the same) and the settings a reader returns to.
export const MODES = ["ctc", "hmm"];
export const QUANTITIES = ["viterbi", "forward", "backward", "posterior"];
export const LONGEST = 12;
export const LABEL = /^(?=.{1,12}$)[A-Z]+( [A-Z]+)*$/;
const ANY_TEXT = /^[^]*$/;

export const SCHEMA = {
  mode: { options: MODES },
  quantity: { options: QUANTITIES },
  label: { text: LABEL },
  digit: { min: 0, max: 9, integer: true },
  frame: { min: 1, max: 400, integer: true },
  row: { min: 1, max: 2 * LONGEST + 1, integer: true },
  logits: { packed: 2 },
  scores: { packed: 3 },
  models: { packed: 3 },
  ctc_bands: { packed: 2 },
  hmm_bands: { packed: 2 },
  symbols: { text: ANY_TEXT },
  said: { text: LABEL },
  said_digit: { min: 0, max: 9, integer: true },
  frame_seconds: {
    point: [
      [0, 1],
      [0, 1],
    ],
  },
  caption: { text: ANY_TEXT },
};

// Where a quantity's recursion begins and which way it goes.
export function direction({ quantity }, frames) {
  return quantity === "backward" ? { first: frames, last: 1, step: -1 } : { first: 1, last: frames, step: 1 };
}

// What was said, and all its forward sums.
export function reset({ mode, said, said_digit: digit }) {
  return { quantity: "forward", ...(mode === "ctc" ? { label: said } : { digit }) };
}

// The label that the network itself reads, or the digit of the likeliest model; null if it is no label.
export function optimum({ mode }, { heard, digit }) {
  if (mode === "hmm") return { digit };
  return LABEL.test(heard) ? { label: heard } : null;
}
