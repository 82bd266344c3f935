// What the explorer says: names, rules and the sentences that tell its state.
import { formatNumber, formatPoint, subscript } from "../shared/format.js";

export const EIGENVECTOR_NAMES = ["e₁", "e₂"];

export const SURFACE_LABELS = [
  ["quadratic", "Quadratic"],
  ["saddle", "Saddle"],
  ["rosenbrock", "Rosenbrock"],
];

export const METHOD_LABELS = [
  ["gradient_descent", "Gradient descent"],
  ["newton", "Newton"],
  ["damped_newton", "Damped Newton"],
  ["rank_one", "HNRC, rank one"],
  ["levenberg_marquardt", "Levenberg–Marquardt"],
];

export const RULES = {
  gradient_descent: "θ ← θ − α∇f",
  newton: "θ ← θ − αH⁻¹∇f",
  damped_newton: "θ ← θ − α(H + λI)⁻¹∇f",
  rank_one: "θ ← θ − α(λI + H₁)⁻¹∇f, with H₁ = uuᵀ/gᵀu, u = Hg, g = ∇f",
  levenberg_marquardt:
    "θ ← θ − (H + λI)⁻¹∇f if that is a descent; λ × 4 when the gain ratio is below ¼, λ ÷ 4 above ¾",
};

export const FACTORS = {
  gradient_descent: "step factor αh",
  newton: "step factor α",
  damped_newton: "step factor αh/(h + λ)",
  rank_one: "step factor αhp/g",
  levenberg_marquardt: "step factor h/(h + λ)",
};

const OUTCOMES = {
  converged: (step) => `Converged at step ${step}.`,
  saddle: (step) => `Stopped at the saddle point, not a minimum, at step ${step}.`,
  diverged: (step) => `Diverged at step ${step}.`,
  singular: (step) => `H + λI is singular at step ${step}: there is no step.`,
  undamped: () => "λ = 0: the rank-one inverse needs λ > 0; its step grows like 1/λ.",
  rank_one_indefinite: (step) =>
    `λI + H₁ is not positive definite at step ${step}: the rank-one inverse is refused; raise λ.`,
};

export function tellOutcome({ outcome, losses }) {
  if (outcome.kind !== "ran") return OUTCOMES[outcome.kind](outcome.step);
  const rising = losses.at(-1) > losses[0];
  return `${outcome.step} steps taken, not converged${rising ? "; the loss is rising" : ""}.`;
}

// The line under the plots: always the state itself, in words.
export function tellState({ k, distance, loss, damping, positive }) {
  const where = `Step ${k}: ‖θ${subscript(k)} − θ*‖ = ${formatNumber(distance)}, loss ${formatNumber(loss)}`;
  const definite = positive ? "positive definite" : "not positive definite";
  return `${where}; H + λI with λ = ${formatNumber(damping)} is ${definite}.`;
}

export function tellPoint(point) {
  return `θ₀ = ${formatPoint(point)}`;
}

// The eigenbasis view in words.
export function tellBasis({ shares, factors, values }) {
  const percent = (share) => `${formatNumber(100 * share)} %`;
  return values
    .map((value, i) => {
      const parts = `${percent(shares[i].gradient)} of the gradient, ${percent(shares[i].step)} of the step`;
      return `${EIGENVECTOR_NAMES[i]}: ${parts}, factor ${formatNumber(factors[i])}, ${tellFactor(factors[i], value)}.`;
    })
    .join(" ");
}

export function tellLosses(losses) {
  return `Loss by step, from ${formatNumber(losses[0])} to ${formatNumber(losses.at(-1))}.`;
}

export function tellSpectrum({ values, damping }) {
  const moved = values.map((value) => `${formatNumber(value)} to ${formatNumber(value + damping)}`);
  return `Eigenvalues of H moved by λ: ${moved.join(" and ")}.`;
}

// What one eigen-direction feels: its distance to the model's stationary point is multiplied by 1 − factor.
export function tellFactor(factor, eigenvalue) {
  if (!Number.isFinite(factor)) return "undefined";
  if (eigenvalue < 0) return factor > 0 ? "drawn uphill" : factor < 0 ? "escapes" : "stays";
  if (Math.abs(1 - factor) < 5e-4) return "exact";
  const kept = Math.abs(1 - factor);
  return `${kept < 1 ? "shrinks" : kept > 1 ? "grows" : "stays"} ×${formatNumber(kept)}`;
}
