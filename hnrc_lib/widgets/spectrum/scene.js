// Everything that the views show of a state; densities are kept, since λ does not change them.
import { axisDomain, bins, curve, inspect, rowOf, SCALES } from "./density.js";

// Spectra, axes and the trace of their ends over training, once for each set of arrays.
function readStages({ eigenvalues, epochs }) {
  const spectra = Array.from({ length: eigenvalues.shape[0] }, (_, k) => rowOf(eigenvalues, k));
  return {
    spectra,
    domains: Object.fromEntries(SCALES.map((scale) => [scale, axisDomain(eigenvalues, scale)])),
    stages: spectra.map((values, k) => {
      const [epoch, loss] = rowOf(epochs, k);
      const { smallest, largest } = inspect(values, 0);
      return { epoch, loss, smallest, largest };
    }),
  };
}

function quadrature({ source, nodes, weights }, spectra, index) {
  if (source === "lanczos") return [rowOf(nodes, index), rowOf(weights, index)];
  return [spectra[index], spectra[index].map(() => 1 / spectra[index].length)];
}

const ARRAYS = ["eigenvalues", "nodes", "weights", "epochs"];

export function createSurveyor() {
  let arrays = [];
  let read = null;
  let curves = new Map();
  const curvesOf = (state) => {
    const key = `${state.scale} ${state.source}`;
    if (!curves.has(key)) {
      const made = read.spectra.map((_, k) =>
        curve(...quadrature(state, read.spectra, k), state.scale, read.domains[state.scale]),
      );
      curves.set(key, { made, peak: Math.max(...made.flat().map(([, height]) => height)) });
    }
    return curves.get(key);
  };
  return (state) => {
    if (ARRAYS.some((name, k) => state[name] !== arrays[k])) {
      arrays = ARRAYS.map((name) => state[name]);
      read = readStages(state);
      curves = new Map();
    }
    const index = Math.min(state.stage, read.stages.length) - 1;
    const domain = read.domains[state.scale];
    const { made, peak } = curvesOf(state);
    const [nodes, weights] = quadrature(state, read.spectra, index);
    return {
      state,
      index,
      domain,
      peak,
      points: made[index],
      stages: read.stages,
      size: read.spectra[index].length,
      bins: bins(nodes, weights, state.scale, domain, state.damping),
      ...inspect(read.spectra[index], state.damping),
    };
  };
}
