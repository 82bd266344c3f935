// What the viewer says: names and the sentences that tell its state.
import { formatExact, formatNumber } from "../shared/format.js";

export const SCALE_LABELS = [
  ["symlog", "Symmetric log"],
  ["linear", "Linear"],
];

export const SOURCE_LABELS = [
  ["exact", "All eigenvalues"],
  ["lanczos", "Lanczos"],
];

export function tellDamping(damping) {
  return `λ = ${formatExact(damping)}`;
}

export function tellStage({ epoch }) {
  return `epoch ${formatNumber(epoch)}`;
}

export function tellShare(share) {
  return `${formatNumber(100 * share)} %`;
}

// The line under the plots: always the state itself, in words.
export function tellState({ state, stages, index, size, drowned, negative, smallest, largest }) {
  const stage = stages[index];
  const spectrum = `${negative} of ${size} eigenvalues are negative, the ends are ${formatNumber(smallest)} and ${formatNumber(largest)}`;
  const share = `${tellShare(drowned)} lie within ±λ, where a positive one keeps less than half of Newton’s step`;
  const start = `${tellDamping(state.damping)} after ${tellStage(stage)} (loss ${formatNumber(stage.loss)})`;
  return `${start}: ${spectrum}; ${share}.`;
}

export function tellOutcome({ indefinite, needed, condition }) {
  if (condition !== null) return `H + λI is positive definite, condition number ${formatNumber(condition)}.`;
  const count = indefinite === 1 ? "1 eigenvalue" : `${indefinite} eigenvalues`;
  return `H + λI is not positive definite: ${count} at or below 0; λ must exceed ${formatNumber(needed)}.`;
}

const SOURCES = {
  exact: ({ size }) => `Density of all ${size} eigenvalues`,
  lanczos: () => "Density by Lanczos, 8 random vectors of 30 steps",
};

export function titles(scene) {
  return {
    density: SOURCES[scene.state.source](scene),
    shrinkage: "What λ leaves of Newton’s step: hᵢ/(hᵢ + λ)",
    training: "Over training: h_max, and the λ that is needed",
  };
}

export function tellDensity(scene) {
  return `${titles(scene).density} after ${tellStage(scene.stages[scene.index])}, on a ${scene.state.scale} axis.`;
}

export function tellShrinkage({ bins, state }) {
  const least = bins[0];
  const greatest = bins.at(-1);
  const factor = ({ factor: value }) => (Number.isNaN(value) ? "at the pole" : formatNumber(value));
  return `Factor hᵢ/(hᵢ + λ) at ${tellDamping(state.damping)}: ${factor(least)} at the lowest eigenvalues, ${factor(greatest)} at the highest.`;
}

export function tellTraining({ stages }) {
  const parts = stages.map((stage) => `${tellStage(stage)}: ${formatNumber(stage.largest)} and ${formatNumber(Math.max(0, -stage.smallest))}`);
  return `Largest eigenvalue and −h_min by stage: ${parts.join("; ")}.`;
}
