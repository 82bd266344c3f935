// What the explorer says: names, rules and the sentences that tell its state.
import { formatExact, formatNumber, formatPoint, subscript } from "../shared/format.js";
import { isStraight } from "./quadratic.js";
import { NUM_STEPS } from "./runs.js";

const SETTLED = 1e-9; // a distance that is rounding

export const PENALTY_LABELS = [
  ["l1", "L1"],
  ["l2", "L2"],
  ["decoupled", "Decoupled"],
];
export const STEP_LABELS = [
  ["gradient", "Gradient steps"],
  ["newton", "Newton’s steps"],
];

export const KEYS = [
  ["first", "minimum as λ grows"],
  ["region", "same minimum over this region"],
  ["subgradient", "subgradient steps"],
  ["proximal", "proximal steps"],
  ["l2", "steps"],
];

export const FORMULAS = {
  l1: "L(θ) + λ(|θ₁| + |θ₂|): a corner at 0, and no curvature anywhere else",
  l2: "L(θ) + ½λ‖θ‖²: λθ joins the gradient, and λ every eigenvalue of the Hessian",
  decoupled: "θ − ηλθ beside the step: neither gradient nor Hessian hears of it",
};

const REGIONS = {
  diamond: "|θ₁| + |θ₂| ≤ ",
  ball: "‖θ‖ ≤ ",
  ellipse: "√(θᵀHθ) ≤ ",
};

export const HESSIANS = {
  l1: "Eigenvalues of H: L1 adds no curvature",
  l2: "Eigenvalues of H: L2 adds λ to each",
  decoupled: "Eigenvalues of H: decoupled decay stays outside",
};

export function tellOptimum(optimum) {
  return `θ* = ${formatPoint(optimum)}`;
}

export function tellShape({ ratio, angle }) {
  return `curvature ratio κ = ${formatExact(ratio)}, flat direction at ${formatExact(angle)}°`;
}

function tellZeros(theta) {
  const zeros = [0, 1].filter((i) => theta[i] === 0).map((i) => `θ${subscript(i + 1)}`);
  if (zeros.length === 0) return "no coordinate is exactly 0";
  return zeros.length === 1 ? `${zeros[0]} is exactly 0` : "both coordinates are exactly 0";
}

// The line under the plots: always the state itself, in words.
export function tellState({ state, minimiser, region }) {
  const name = { l1: "L1", l2: "L2", decoupled: "decoupled decay" }[state.penalty];
  const decay = `${name} with λ = ${formatExact(state.strength)}`;
  const where = `${tellOptimum(state.optimum)}, ${tellShape(state)}`;
  const over = `the minimum of L over ${REGIONS[region.kind]}${formatNumber(region.radius)}`;
  return `${where}; ${decay} leads to ${formatPoint(minimiser)}, ${over}; ${tellZeros(minimiser)}.`;
}

function tellL1Steps({ state, minimiser, runs }) {
  const { proximal } = runs;
  const zero = minimiser[1] === 0 ? 1 : minimiser.indexOf(0);
  const told = zero < 0 ? tellEnds(runs) : tellZero(zero, runs);
  const off = proximal.rest.some((x, k) => Math.abs(x - minimiser[k]) > 1e-6);
  const rest = off
    ? ` Proximal steps rest at ${formatPoint(proximal.rest)}: their threshold knows nothing of Newton’s H⁻¹.`
    : "";
  return `After ${NUM_STEPS} ${tellSteps(state)}: ${told}.${rest}`;
}

function tellEnds({ proximal, subgradient }) {
  const [exact, slow] = [proximal, subgradient].map(({ points }) => formatPoint(points[NUM_STEPS]));
  return `proximal steps are at ${exact}, subgradient steps at ${slow}`;
}

// How both kinds of steps fare with a coordinate whose minimum is 0.
function tellZero(i, { proximal, subgradient }) {
  const name = `θ${subscript(i + 1)}`;
  const last = ({ points }) => formatNumber(points[NUM_STEPS][i]);
  const since = proximal.zeroSince[i];
  const exact = since === null ? last(proximal) : `0 since step ${since}`;
  const crossed = tellCrossings(subgradient.crossings[i]);
  return `proximal ${name} = ${exact}; subgradient ${name} = ${last(subgradient)} after ${crossed}`;
}

function tellCrossings(count) {
  return count === 1 ? "1 crossing of 0" : `${count} crossings of 0`;
}

function tellSteps({ steps, learning_rate: rate }) {
  return `${steps === "newton" ? "Newton’s" : "gradient"} steps with η = ${formatExact(rate)}`;
}

// What becomes of the steps.
export function tellOutcome(scene) {
  const { state, runs, growth } = scene;
  if (state.penalty === "l1") return tellL1Steps(scene);
  const [{ points, rest }] = Object.values(runs);
  const off = Math.hypot(...points[NUM_STEPS].map((x, i) => x - rest[i]));
  const after = `After ${NUM_STEPS} ${tellSteps(state)}`;
  if (growth > 1) return `${after}: they diverge, each up to ${formatNumber(growth)} times as far off as the last.`;
  const where = off < SETTLED ? "at that point" : `${formatNumber(off)} away from that point`;
  return `${after}: ${where}. ${tellRelation(state)}`;
}

function tellRelation(state) {
  if (isStraight(state)) return "Every coordinate shrinks by 1/(1 + λ), whatever the curvature.";
  if (state.penalty === "decoupled") return "Beside gradient steps this is L2 by another name.";
  return state.steps === "newton" ? "Newton divides by H + λI." : "Flat directions shrink most.";
}

export function outcomeKind({ state, growth, runs, minimiser }) {
  if (growth > 1) return "bad";
  if (state.penalty !== "l1") return "good";
  const rests = [0, 1].every((i) => minimiser[i] !== 0 || runs.subgradient.zeroSince[i] !== null);
  return rests ? "good" : "chatter";
}
