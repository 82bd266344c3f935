// What the explorer says: names, rules and the sentences that tell its state.
import { formatExact, formatNumber } from "../shared/format.js";
import { LEAST_RADIUS } from "./models.js";

export const FUNCTION_LABELS = [
  ["well", "Well"],
  ["saddle", "Saddle"],
  ["cliff", "Cliff"],
  ["kink", "Kink"],
];

export const FORMULAS = {
  well: "f(x) = 2(1 − exp(−u²/2)) + u²/40, u = x − 1: a smooth well with a flat shoulder",
  saddle: "f(x) = u⁴/4 − u³/2 + ½, u = (x + 1)/1.5: flat at x = −1, and no minimum there",
  cliff: "f(x) = 0.15(x − 2.5)² + 3/(1 + exp(−6(x − 1))): a gentle floor that runs into a wall",
  kink: "f(x) = ½exp(−x/2) + 1.2 max(0, x): a ReLU’s kink at x = 0, where f has no second derivative",
};

export const NO_TRUST = "No radius here keeps the gain ratio above ¼";

export function tellPoint(point) {
  return `x = ${formatExact(point)}`;
}

export function tellRadius(radius) {
  return `r = ${formatExact(radius)}`;
}

// The line under the plots: always the state itself, in words.
export function tellState({ state, step, damping, predicted, actual, ratio }) {
  const where = `At ${tellPoint(state.point)} with ${tellRadius(state.radius)}`;
  const move = `the model steps by s = ${formatNumber(step)}, the step of damping λ = ${formatNumber(damping)}`;
  const promise = `predicted fall ${formatNumber(predicted)}, actual ${formatNumber(actual)}`;
  const gain = ratio === null ? "no gain ratio" : `gain ratio ρ = ${formatNumber(ratio)}`;
  return `${where} ${move}; ${promise}; ${gain}.`;
}

function tellRadiusChange({ state, verdict, next }) {
  if (next === state.radius) return `the radius stays at its ${verdict === "grow" ? "greatest" : "least"}`;
  return `${verdict === "grow" ? "grow" : "shrink"} the radius to ${formatNumber(next)}`;
}

// What the radius rule does with the gain ratio.
export function tellOutcome(scene) {
  const { verdict, ratio, accepted } = scene;
  if (verdict === "settled") return "The model promises nothing here: no step.";
  const fate = accepted ? "Step taken" : "Step refused";
  if (verdict === "shrink") return `${fate}; ρ < ¼: ${tellRadiusChange(scene)}.`;
  if (verdict === "grow") return `${fate}; ρ > ¾ at the border: ${tellRadiusChange(scene)}.`;
  const reason = ratio > 0.75 ? "ρ > ¾ inside the region" : "ρ between ¼ and ¾";
  return `${fate}; ${reason}: keep the radius.`;
}

export function tellSlopes(slopes) {
  const [first, second] = slopes.map((slope) => formatNumber(slope));
  return `slopes ${first} and ${second} near |Δ| = ${formatNumber(LEAST_RADIUS)}`;
}

export function tellErrors({ errors, slopes, state }) {
  const [first, second] = errors.map((error) => formatNumber(error));
  const size = formatExact(state.radius);
  return `Error of the models at |Δ| = ${size}: first order ${first}, second order ${second}; ${tellSlopes(slopes)}.`;
}

export function tellGain({ ratio }) {
  return ratio === null ? "Gain ratio: none." : `Gain ratio ρ = ${formatNumber(ratio)}.`;
}

export function tellCurve(scene) {
  const end = scene.state.point + scene.step;
  return `The function with its two Taylor models at ${tellPoint(scene.state.point)}; the step ends at x = ${formatNumber(end)}.`;
}
