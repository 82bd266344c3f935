// What the widget says: names, rules and the sentences that tell its state.
import { formatNumber, formatPoint, subscript } from "../shared/format.js";
import { THROWN } from "./rules.js";

export const RULE_LABELS = [
  ["none", "None"],
  ["value", "Value"],
  ["norm", "Norm"],
  ["rank_one", "Rank one"],
  ["root", "Root"],
];

export const RULES = {
  none: "θ ← θ − ηg: gradient descent as it is",
  value: "θ ← θ − η clip(g, −c, c): each component cut at the threshold c",
  norm: "θ ← θ − ηg · min(1, c/‖g‖): shortened to norm c where it is longer",
  rank_one: "θ ← θ − η(λI + ggᵀ)⁻¹g = θ − ηg/(λ + ‖g‖²): the steeper, the shorter, beyond ‖g‖ = √λ",
  root: "θ ← θ − η(λI + ggᵀ)^(−½)g = θ − ηg/√(λ + ‖g‖²): never longer than η",
};

export function tellPoint(point) {
  return `θ₀ = (w, b) = ${formatPoint(point)}`;
}

export function tellAngle(angle) {
  return Number.isNaN(angle) ? "no direction" : `${formatNumber(angle < 1e-4 ? 0 : angle)}°`;
}

// What the rule did to the gradient at the step shown.
export function tellClipping({ angle, norm, length, state }) {
  if (Number.isNaN(angle)) return "There is no gradient here, and no step.";
  const kept = length / (state.learning_rate * norm);
  const size = `η‖g‖ × ${formatNumber(kept)}`;
  const turned = angle < 1e-4 ? "The direction is kept" : `The direction is turned by ${tellAngle(angle)}`;
  return `${turned}; the length is ${size}.`;
}

// The line under the plots: always the step shown, in words.
export function tellStep({ k, loss, norm, length, angle }) {
  const where = `Step ${k}: loss ${formatNumber(loss)} and ‖g‖ = ${formatNumber(norm)} at θ${subscript(k - 1)}`;
  return `${where}; the step is ${formatNumber(length)} long, at ${tellAngle(angle)} to −g.`;
}

function tellLeaving({ lengths }) {
  return `the path left the plane at step ${lengths.length} and is drawn to its edge`;
}

export function outcomeKind({ thrown, left }) {
  return thrown ? "thrown" : left ? "left" : "kept";
}

// Whether the run was thrown, in words.
export function tellOutcome(run) {
  const { lengths, losses, thrown, left } = run;
  if (thrown) {
    const length = `${formatNumber(lengths[thrown - 1])} long (over ${THROWN})`;
    const flung = `Thrown by step ${thrown}, ${length}`;
    if (left) return `${flung}; ${tellLeaving(run)}.`;
    return `${flung}; loss ${formatNumber(losses.at(-1))} at the end.`;
  }
  const longest = `the longest step is ${formatNumber(Math.max(...lengths))}`;
  if (left) return `Not thrown, ${longest}, but ${tellLeaving(run)}.`;
  return `Not thrown: ${longest}; loss ${formatNumber(losses.at(-1))} after step ${lengths.length}.`;
}

// What would have happened without clipping; nothing to say where there is none.
export function tellPlain(plain) {
  return plain ? `Without clipping: ${tellOutcome(plain)}` : "";
}

export function tellLengths({ lengths }) {
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  return `Length of each step, between ${formatNumber(least)} and ${formatNumber(most)}.`;
}

export function tellResponse({ k, norm, length }) {
  const place = `step ${k} is at ‖g‖ = ${formatNumber(norm)}, length ${formatNumber(length)}`;
  return `Step length against gradient norm; ${place}.`;
}
