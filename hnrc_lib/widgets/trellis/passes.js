// Forward, backward, Viterbi, posteriors and the gradient of a lattice, in log space; no drawing.
import { logSoftmax, REACH } from "./lattice.js";

export function logSumExp(values) {
  let high = -Infinity;
  for (const value of values) high = Math.max(high, value);
  if (high === -Infinity) return high;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - high);
  return high + Math.log(sum);
}

function plus(a, b) {
  return a.map((value, s) => value + b[s]);
}

// What comes into s from s, s − 1 and s − 2.
function waysInto({ arcs }, values, s) {
  const ways = [];
  for (let k = 0; k < REACH && k <= s; k++) ways.push(values[s - k] + arcs[k][s]);
  return ways;
}

// What goes on from s to s, s + 1 and s + 2.
function waysOn({ arcs }, values, s) {
  const ways = [];
  for (let k = 0; k < REACH && s + k < values.length; k++) ways.push(values[s + k] + arcs[k][s + k]);
  return ways;
}

// Of equal arcs the one from the nearer state.
function largest(values) {
  let best = 0;
  values.forEach((value, k) => (best = value > values[best] ? k : best));
  return best;
}

export function trace(pointers, frame, state) {
  const states = [state];
  for (let t = frame; t > 0; t--) states.push(states.at(-1) - pointers[t][states.at(-1)]);
  return states.reverse();
}

function sweepForward(lattice) {
  const { scores, initial } = lattice;
  const states = [...initial.keys()];
  const [alpha, delta] = [[plus(initial, scores[0])], [plus(initial, scores[0])]];
  const pointers = [states.map(() => -1)];
  for (let t = 1; t < scores.length; t++) {
    alpha.push(states.map((s) => logSumExp(waysInto(lattice, alpha[t - 1], s)) + scores[t][s]));
    const ways = states.map((s) => waysInto(lattice, delta[t - 1], s));
    pointers.push(ways.map(largest));
    delta.push(states.map((s) => ways[s][pointers[t][s]] + scores[t][s]));
  }
  return { alpha, delta, pointers };
}

function sweepBackward(lattice) {
  const { scores, final } = lattice;
  const beta = [final];
  for (let t = scores.length - 1; t > 0; t--) {
    const ahead = plus(beta[0], scores[t]);
    beta.unshift([...final.keys()].map((s) => logSumExp(waysOn(lattice, ahead, s))));
  }
  return beta;
}

export function runPasses(lattice) {
  const { alpha, delta, pointers } = sweepForward(lattice);
  const beta = sweepBackward(lattice);
  const last = alpha.length - 1;
  const logLikelihood = logSumExp(plus(alpha[last], lattice.final));
  const possible = logLikelihood > -Infinity;
  const ends = plus(delta[last], lattice.final);
  const share = (t) => alpha[t].map((a, s) => (possible ? Math.exp(a + beta[t][s] - logLikelihood) : 0));
  return {
    alpha,
    beta,
    delta,
    pointers,
    posterior: alpha.map((_, t) => share(t)),
    logLikelihood,
    best: Math.max(...ends),
    path: possible ? trace(pointers, last, largest(ends)) : alpha.map(() => -1),
  };
}

// Posteriors of the states, added up over those that one output scores.
export function classPosteriors({ classes }, { posterior }, size) {
  return posterior.map((row) => {
    const sums = new Float64Array(size);
    row.forEach((share, s) => (sums[classes[s]] += share));
    return sums;
  });
}

export function softmaxRows(logits) {
  return logits.map((row) => logSoftmax(row).map(Math.exp));
}

// ∂(−log P)/∂logits: softmax minus posterior; zero where no path exists.
export function ctcGradient(logits, lattice, passes) {
  if (passes.logLikelihood === -Infinity) return logits.map((row) => row.map(() => 0));
  const shares = classPosteriors(lattice, passes, logits[0].length);
  return softmaxRows(logits).map((row, t) => row.map((y, c) => y - shares[t][c]));
}

// How the value of one cell comes about: { terms: [{ state, value, arc, score, total }], joined, score, value }.
export function arithmetic(lattice, passes, what, frame, state) {
  if (what === "posterior") {
    const { alpha, beta, logLikelihood } = passes;
    const parts = [alpha[frame][state], beta[frame][state], -logLikelihood];
    const value = logLikelihood > -Infinity ? parts[0] + parts[1] + parts[2] : -Infinity;
    const terms = parts.map((total) => ({ state, value: total, arc: 0, score: 0, total }));
    return { terms, joined: value, score: 0, value };
  }
  const back = what === "backward";
  const terms = back ? termsOn(lattice, passes.beta, frame, state) : termsInto(lattice, passes, what, frame, state);
  const totals = terms.map((term) => term.total);
  const joined = what === "viterbi" ? Math.max(...totals) : logSumExp(totals);
  const score = back ? 0 : lattice.scores[frame][state];
  return { terms, joined, score, value: joined + score };
}

function edge(state, arc) {
  return [{ state, value: 0, arc, score: 0, total: arc }];
}

function termsInto({ arcs, initial }, { alpha, delta }, what, frame, state) {
  if (frame === 0) return edge(state, initial[state]);
  const before = (what === "viterbi" ? delta : alpha)[frame - 1];
  const states = Array.from({ length: Math.min(REACH, state + 1) }, (_, k) => state - k);
  return states.map((from, k) => {
    const [value, arc] = [before[from], arcs[k][state]];
    return { state: from, value, arc, score: 0, total: value + arc };
  });
}

function termsOn({ arcs, final, scores }, beta, frame, state) {
  if (frame === beta.length - 1) return edge(state, final[state]);
  const size = Math.min(REACH, final.length - state);
  return Array.from({ length: size }, (_, k) => {
    const to = state + k;
    const [value, arc, score] = [beta[frame + 1][to], arcs[k][to], scores[frame + 1][to]];
    return { state: to, value, arc, score, total: value + arc + score };
  });
}
