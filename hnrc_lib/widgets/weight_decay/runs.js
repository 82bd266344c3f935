// Steps of each method from θ*, where the decay is switched on; reference.py holds the same.
import { apply, eigenvalues, hessian, minimiser, shifted, softThreshold, solve } from "./quadratic.js";

export const NUM_STEPS = 100;
const METHODS = { l1: ["subgradient", "proximal"], l2: ["l2"], decoupled: ["decoupled"] };

// One step: the penalty in the gradient, in the Hessian, beside the step, or after it.
function stepper(method, state) {
  const { optimum, strength, learning_rate: rate, steps } = state;
  const matrix = hessian(state);
  const divisor = method === "l2" ? shifted(matrix, strength) : matrix;
  return (theta) => {
    let gradient = apply(
      matrix,
      theta.map((x, i) => x - optimum[i]),
    );
    if (method === "subgradient") gradient = gradient.map((g, i) => g + strength * Math.sign(theta[i]));
    if (method === "l2") gradient = gradient.map((g, i) => g + strength * theta[i]);
    if (steps === "newton") gradient = solve(divisor, gradient);
    const moved = theta.map((x, i) => x - rate * gradient[i]);
    if (method === "proximal") return softThreshold(moved, rate * strength);
    return method === "decoupled" ? moved.map((x, i) => x - rate * strength * theta[i]) : moved;
  };
}

// The first index from which all values are exactly 0, or null.
function zeroSince(values) {
  const last = values.findLastIndex((x) => x !== 0);
  return last === values.length - 1 ? null : last + 1;
}

function crossings(values) {
  return values.slice(1).filter((x, k) => x * values[k] < 0).length;
}

export function run(method, state) {
  const take = stepper(method, state);
  const points = [state.optimum];
  for (let k = 0; k < NUM_STEPS; k++) points.push(take(points[k]));
  const along = [0, 1].map((i) => points.map((point) => point[i]));
  const offMetric = method === "proximal" && state.steps === "newton";
  return {
    points,
    zeroSince: along.map(zeroSince),
    crossings: along.map(crossings),
    rest: offMetric ? softThreshold(state.optimum, state.strength) : minimiser(state),
  };
}

// { method: run } for the methods of the state's penalty.
export function runsOf(state) {
  return Object.fromEntries(METHODS[state.penalty].map((method) => [method, run(method, state)]));
}

// The factor by which a step lengthens the longest distance to rest, at worst; above 1 the steps diverge.
export function growth(state) {
  const { penalty, steps, strength, learning_rate: rate } = state;
  const decayed = penalty === "l1" ? 0 : strength;
  if (steps === "gradient")
    return Math.max(...eigenvalues(state).bare.map((h) => Math.abs(1 - rate * (h + decayed))));
  return Math.abs(1 - rate * (1 + (penalty === "decoupled" ? decayed : 0)));
}
