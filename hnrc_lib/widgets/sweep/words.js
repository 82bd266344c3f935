// What the explorer says: names and the sentences that tell its state.
import { formatNumber } from "../shared/format.js";

export const MEASURE_LABELS = [
  ["loss", "Training loss"],
  ["error", "Test error"],
];

export const tellDamping = (value) => `λ ${formatNumber(value)}`;
export const tellClip = (value) => (value === Infinity ? "no clip" : `clip ${formatNumber(value)}`);
const percent = (share) => `${formatNumber(100 * share)} %`;

export function tellValue(value, measure) {
  return measure === "error" ? percent(value) : formatNumber(value);
}

export function tellPlace({ axes }, [damping, decay, clip]) {
  const first = axes[0][damping] === Infinity ? "no damping (λ = ∞)" : `λ = ${formatNumber(axes[0][damping])}`;
  const last = axes[2][clip] === Infinity ? "no clipping" : `clipped at ${formatNumber(axes[2][clip])}`;
  return `${first}, decay ${formatNumber(axes[1][decay])}, ${last}`;
}

function tellEnd({ final, loss }) {
  if (Number.isNaN(final.loss)) return "no run reaches the end";
  const spread = `${formatNumber(loss.low.at(-1))} to ${formatNumber(loss.high.at(-1))} by seed`;
  return `the loss ends at ${formatNumber(final.loss)} (${spread}), the test error at ${percent(final.error)}`;
}

// The line under the plots: always the state itself, in words.
export function tellState({ sweep, at, cell }) {
  const place = tellPlace(sweep, at);
  return `${place.replace(/^n/, "N")}: ${tellEnd(cell)}; ${percent(cell.clipped)} of the steps are clipped.`;
}

export function tellOutcome({ cell }) {
  if (!cell.diverged) return cell.seeds === 1 ? "The run does not diverge." : `None of ${cell.seeds} runs diverges.`;
  return `${cell.diverged} of ${cell.seeds} runs diverged.`;
}

export function tellMisread({ sweep, cell }) {
  if (Number.isNaN(cell.misread)) return "Every run diverged: nothing is heard";
  const count = `${formatNumber(cell.misread)} of ${sweep.digits.length}`;
  return `Misread on average: ${count} test clips of voices never trained on`;
}

export function tellError({ digit, read }, title) {
  return `${title}: heard ${read.map((other) => (other === digit ? "right" : other)).join(", ")}`;
}

export function tellCompared({ sweep, pinned }) {
  return pinned ? `Pinned for comparison: ${tellPlace(sweep, pinned.at)}.` : "";
}

export function titles({ cell, state }) {
  return {
    matrix: state.measure === "loss" ? "Training loss at the end" : "Test error at the end",
    loss: "Training loss by step",
    error: "Test error by step",
    norm: `Gradient norm before clipping; ${percent(cell.clipped)} of steps clipped`,
  };
}

export function tellMatrix(scene) {
  const cells = scene.sweep.cells.filter(({ at }) => at[1] === scene.at[1]);
  const told = cells.map((cell) => {
    const value = cell.final[scene.state.measure];
    return `${tellPlace(scene.sweep, cell.at)}: ${Number.isNaN(value) ? "diverged" : tellValue(value, scene.state.measure)}`;
  });
  return `${titles(scene).matrix}. ${told.join("; ")}.`;
}

export function tellCurve(name, { cell }) {
  const [from, to] = [cell[name].mean[0], cell[name].mean.at(-1)];
  return `${MEANINGS[name]} from ${formatNumber(from)} to ${formatNumber(to)}, mean of ${cell.seeds} seeds.`;
}

const MEANINGS = { loss: "Training loss", error: "Test error", norm: "Gradient norm" };
