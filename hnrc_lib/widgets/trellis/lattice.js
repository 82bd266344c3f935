// One lattice for both: states in a row, each entered from itself or from one of the two before it.
// { names, scores[t][s], initial[s], arcs[k][s], final[s], classes[s] }, all logarithms; −∞ where there is no way.
export const BLANK = 0;
export const BLANK_NAME = "blank";
export const REACH = 3;

export function rowsOf({ values, shape: [rows, columns] }) {
  return Array.from({ length: rows }, (_, t) => Float64Array.from(values.subarray(t * columns, (t + 1) * columns)));
}

export function logSoftmax(row) {
  let high = -Infinity;
  for (const value of row) high = Math.max(high, value);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - high);
  const shift = high + Math.log(sum);
  return row.map((value) => value - shift);
}

export function symbolName(symbols, index) {
  if (index === BLANK) return BLANK_NAME;
  return symbols[index - 1] === " " ? "space" : symbols[index - 1];
}

// blank, l₁, blank, …, l_L, blank: a letter is also entered from the letter before, unless both are the same.
export function ctcLattice(logits, symbols, label) {
  const size = 2 * label.length + 1;
  const classes = Array.from({ length: size }, (_, s) => (s % 2 ? symbols.indexOf(label[(s - 1) / 2]) + 1 : BLANK));
  if (classes.some((index, s) => s % 2 && index === BLANK) || !label.length)
    throw new RangeError(`label must hold some of ${JSON.stringify(symbols)}, got ${JSON.stringify(label)}`);
  const states = [...classes.keys()];
  const skips = (s) => s > 2 && s % 2 === 1 && classes[s] !== classes[s - 2];
  const ends = states.map((s) => (s < 2 ? 0 : -Infinity));
  return {
    names: classes.map((index) => symbolName(symbols, index)),
    scores: logits.map((row) => {
      const logProbs = logSoftmax(row);
      return classes.map((index) => logProbs[index]);
    }),
    initial: ends,
    arcs: [states.map(() => 0), states.map((s) => (s ? 0 : -Infinity)), states.map((s) => (skips(s) ? 0 : -Infinity))],
    final: ends.toReversed(),
    classes,
  };
}

// `model[s]`: π_s, row s of A, and f_s, as probabilities.
export function hmmLattice(scores, model) {
  const size = model.length;
  const states = [...model.keys()];
  const arc = (k) => states.map((s) => (s < k ? -Infinity : Math.log(model[s - k][1 + s])));
  return {
    names: states.map((s) => String(s + 1)),
    scores,
    initial: model.map((row) => Math.log(row[0])),
    arcs: Array.from({ length: REACH }, (_, k) => arc(k)),
    final: model.map((row) => Math.log(row[size + 1])),
    classes: states,
  };
}
