// Everything that the views show of a state; what depends on the label alone is kept.
import { ctcLattice, hmmLattice, rowsOf, symbolName } from "./lattice.js";
import { arithmetic, classPosteriors, ctcGradient, runPasses, softmaxRows } from "./passes.js";
import { greedyReading, likeliest, shownClasses } from "./readings.js";

function layer({ values, shape: [, rows, columns] }, index) {
  const size = rows * columns;
  return rowsOf({ values: values.subarray(index * size, (index + 1) * size), shape: [rows, columns] });
}

// The arrays as rows, once for each set of arrays.
function readModels({ logits, scores, models, symbols }) {
  const outputs = rowsOf(logits);
  const lattices = Array.from({ length: scores.shape[0] }, (_, k) => hmmLattice(layer(scores, k), layer(models, k)));
  const digits = lattices.map((lattice) => runPasses(lattice).logLikelihood);
  const reading = { heard: greedyReading(outputs, symbols), digit: likeliest(digits) };
  return { logits: outputs, lattices, digits, reading };
}

function surveyCtc(logits, { symbols, label }) {
  const lattice = ctcLattice(logits, symbols, label);
  const passes = runPasses(lattice);
  const classes = shownClasses(logits, lattice.classes);
  const pick = (row) => classes.map((c) => row[c]);
  return {
    lattice,
    passes,
    rows: classes.map((c) => symbolName(symbols, c)),
    outputs: softmaxRows(logits).map(pick),
    shares: classPosteriors(lattice, passes, logits[0].length).map(pick),
    gradient: ctcGradient(logits, lattice, passes).map(pick),
  };
}

function surveyHmm(lattice) {
  const passes = runPasses(lattice);
  const gradient = passes.posterior.map((row) => row.map((share) => 0 - share));
  return { lattice, passes, rows: lattice.names, outputs: null, shares: passes.posterior, gradient };
}

const ARRAYS = ["logits", "scores", "models", "symbols"];

export function createSurveyor() {
  let models = null;
  let arrays = [];
  let survey = null;
  let surveyed = "";
  return (state) => {
    if (ARRAYS.some((name, k) => state[name] !== arrays[k])) {
      arrays = ARRAYS.map((name) => state[name]);
      models = readModels(state);
      surveyed = "";
    }
    const key = state.mode === "ctc" ? `ctc ${state.label}` : `hmm ${state.digit}`;
    if (key !== surveyed)
      survey = state.mode === "ctc" ? surveyCtc(models.logits, state) : surveyHmm(models.lattices[state.digit]);
    surveyed = key;
    return sceneOf(state, models, survey);
  };
}

// Frame and row counted from 0, within the lattice; the values that the trellis is shaded by.
function sceneOf(state, models, survey) {
  const { lattice, passes } = survey;
  const frame = Math.min(state.frame, lattice.scores.length) - 1;
  const row = Math.min(state.row, lattice.names.length) - 1;
  const grids = { viterbi: passes.delta, forward: passes.alpha, backward: passes.beta, posterior: passes.posterior };
  const cell = arithmetic(lattice, passes, state.quantity, frame, row);
  const { reading, digits } = models;
  return { state, reading, digits, ...survey, frame, row, grid: grids[state.quantity], cell };
}
