// The bounds of every trait (widget.py holds the same), the first settings, and all that the views show of a state.
import {
  constraint,
  eigenvalues,
  LARGEST_RATIO,
  LARGEST_STRENGTH,
  minimiser,
  pathOf,
  zeroStrengths,
} from "./quadratic.js";
import { growth, runsOf } from "./runs.js";

export const SCHEMA = {
  penalty: { options: ["l1", "l2", "decoupled"] },
  steps: { options: ["gradient", "newton"] },
  optimum: {
    point: [
      [-1.5, 1.5],
      [-1.5, 1.5],
    ],
  },
  strength: { min: 0, max: LARGEST_STRENGTH },
  learning_rate: { min: 0.05, max: 1 },
  ratio: { min: 1, max: LARGEST_RATIO },
  angle: { min: -180, max: 180 },
};

export const FIRST = {
  penalty: "l1",
  steps: "gradient",
  optimum: [1.3, 0.5],
  strength: 0.75,
  learning_rate: 0.3,
  ratio: 4,
  angle: -40,
};

export function inspect(state) {
  const l1 = state.penalty === "l1";
  return {
    state,
    minimiser: minimiser(state),
    region: constraint(state),
    path: pathOf(state),
    eigenvalues: eigenvalues(state),
    zeros: l1 ? zeroStrengths(state) : [],
    runs: runsOf(state),
    growth: growth(state),
  };
}

// The next λ at which a coordinate of L1's minimiser has just become 0, round after the last; null without one.
export function nextZero(state) {
  if (state.penalty !== "l1") return null;
  const rounded = zeroStrengths(state).map((strength) =>
    Math.min(Math.ceil(strength * 1000 - 1e-9) / 1000, LARGEST_STRENGTH),
  );
  return rounded.find((strength) => strength > state.strength) ?? rounded[0] ?? null;
}
