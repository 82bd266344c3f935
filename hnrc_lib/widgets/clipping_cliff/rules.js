// Five rules that turn a gradient into a step, and the descent by one of them; reference.py holds the same.
import { evaluate, isInside, lossAt } from "./cliff.js";

export const RULE_NAMES = ["none", "value", "norm", "rank_one", "root"];
export const THROWN = 1; // a longer step counts as a throw: a fifth of the plane's width

const RULES = {
  none: (gradient) => gradient,
  value: (gradient, { threshold: c }) => gradient.map((x) => Math.min(c, Math.max(-c, x))),
  norm: (gradient, { threshold: c }) => {
    const norm = Math.hypot(...gradient);
    return norm <= c ? gradient : gradient.map((x) => x * (c / norm));
  },
  rank_one: ([x, y], { damping }) => [x / (damping + x * x + y * y), y / (damping + x * x + y * y)],
  root: ([x, y], { damping }) => {
    const size = Math.sqrt(damping + x * x + y * y);
    return [x / size, y / size];
  },
};

// What the rule makes of a gradient, before the learning rate.
export function clipped(state, gradient) {
  return RULES[state.rule](gradient, state);
}

// Which setting the rule reads besides the learning rate, or null.
export function settingOf(rule) {
  if (rule === "none") return null;
  return rule === "value" || rule === "norm" ? "threshold" : "damping";
}

// Degrees between two vectors; NaN where one is zero.
export function angleBetween([a, b], [c, d]) {
  if ((a === 0 && b === 0) || (c === 0 && d === 0)) return NaN;
  return (Math.atan2(Math.abs(a * d - b * c), a * c + b * d) * 180) / Math.PI;
}

// The step's length at gradients of norm `norm` along the direction of `gradient`.
export function lengthAt(state, gradient, norm) {
  const size = Math.hypot(...gradient);
  const along = size > 0 ? gradient.map((x) => (x / size) * norm) : [norm, 0];
  return state.learning_rate * Math.hypot(...clipped(state, along));
}

// Points and losses from the start on, gradients, moves and lengths of every step; ends outside the window.
// `thrown` is the first step longer than THROWN, counted from 1, or 0.
export function descend(state) {
  const points = [state.start];
  const [losses, gradients, moves] = [[], [], []];
  while (moves.length < state.steps && isInside(points.at(-1))) {
    const { loss, gradient } = evaluate(points.at(-1));
    const move = clipped(state, gradient).map((x) => -state.learning_rate * x);
    points.push(points.at(-1).map((x, i) => x + move[i]));
    losses.push(loss);
    gradients.push(gradient);
    moves.push(move);
  }
  const lengths = moves.map((move) => Math.hypot(...move));
  const thrown = lengths.findIndex((length) => length > THROWN) + 1;
  losses.push(lossAt(points.at(-1)));
  const left = !isInside(points.at(-1));
  return { points, losses, gradients, moves, lengths, thrown, left };
}

// The step with the largest gradient, counted from 1.
export function steepest({ gradients }) {
  const norms = gradients.map((gradient) => Math.hypot(...gradient));
  return norms.indexOf(Math.max(...norms)) + 1;
}

// What the linked views show of one step of a run, at most its last.
export function inspectStep(run, wanted) {
  const k = Math.min(wanted, run.moves.length);
  const [gradient, move] = [run.gradients[k - 1], run.moves[k - 1]];
  return {
    k,
    point: run.points[k - 1],
    loss: run.losses[k - 1],
    gradient,
    move,
    norm: Math.hypot(...gradient),
    length: run.lengths[k - 1],
    angle: angleBetween(
      gradient,
      move.map((x) => -x),
    ),
  };
}
