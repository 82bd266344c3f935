// Five rules that turn gradient and Hessian at a point into a step; reference.py holds the same.
import { distanceToMinimum, evaluate, eigen } from "./surfaces.js";

export const METHOD_NAMES = [
  "gradient_descent",
  "newton",
  "damped_newton",
  "rank_one",
  "levenberg_marquardt",
];
export const CONVERGED = 1e-8; // gradient norm
export const ESCAPED = 1e6; // distance to the nearest minimum
const SINGULAR = 1e-13; // |determinant| relative to the squared Frobenius norm
const SMALLEST_DAMPING = 1e-6; // from where Levenberg–Marquardt can grow
const FACTOR = 4;

// (H + λI)⁻¹ g, or null where H + λI is singular to working precision.
export function solveDamped([a, b, c], [gx, gy], damping) {
  const p = a + damping;
  const q = c + damping;
  const determinant = p * q - b * b;
  if (Math.abs(determinant) <= SINGULAR * (p * p + 2 * b * b + q * q)) return null;
  return [(q * gx - b * gy) / determinant, (p * gy - b * gx) / determinant];
}

// λ⁻¹ (g − u uᵀg / (λ gᵀu + uᵀu)) with u = Hg: the inverse of λI + uuᵀ/gᵀu applied to g.
export function rankOneDirection([a, b, c], [gx, gy], damping) {
  if (damping === 0) return { failure: "undamped" };
  const ux = a * gx + b * gy;
  const uy = b * gx + c * gy;
  const curvature = gx * ux + gy * uy;
  const square = ux * ux + uy * uy;
  if (square === 0) return { direction: [gx / damping, gy / damping] };
  if (curvature === 0 || (curvature < 0 && square >= damping * -curvature))
    return { failure: "rank_one_indefinite" };
  const weight = curvature / (damping * curvature + square);
  return { direction: [(gx - weight * ux) / damping, (gy - weight * uy) / damping] };
}

export function isPositiveDefinite(hessian, damping) {
  return eigen(hessian).values[1] + damping > 0;
}

function damped({ hessian, gradient }, damping) {
  const direction = solveDamped(hessian, gradient, damping);
  return direction ? { direction } : { failure: "singular" };
}

const DIRECTIONS = {
  gradient_descent: ({ gradient }) => ({ direction: gradient }),
  newton: (here) => damped(here, 0),
  damped_newton: damped,
  rank_one: ({ hessian, gradient }, damping) => rankOneDirection(hessian, gradient, damping),
};

// The λ a method starts with: Newton's method and gradient descent have none.
export function startDamping({ method, damping }) {
  if (method === "levenberg_marquardt") return Math.max(damping, SMALLEST_DAMPING);
  return method === "newton" || method === "gradient_descent" ? 0 : damping;
}

// (f(θ) − f(θ + s)) / (m(0) − m(s)): what the step gained over what the quadratic model promised.
export function gainRatio(state, point, here, move) {
  const [a, b, c] = here.hessian;
  const [x, y] = move;
  const promised =
    -(here.gradient[0] * x + here.gradient[1] * y) - 0.5 * (a * x * x + 2 * b * x * y + c * y * y);
  return (here.loss - evaluate(state, [point[0] + x, point[1] + y]).loss) / promised;
}

// Levenberg–Marquardt: take (H + λI)⁻¹g if H + λI ≻ 0 and the loss falls; λ × 4 below a gain ratio of ¼, ÷ 4 above ¾.
function adaptiveStep(state, point, here, damping) {
  const raised = damping * FACTOR;
  const stay = { move: [0, 0], damping: raised };
  if (!isPositiveDefinite(here.hessian, damping)) return stay;
  const direction = solveDamped(here.hessian, here.gradient, damping);
  if (!direction) return stay;
  const move = direction.map((x) => -x);
  const ratio = gainRatio(state, point, here, move);
  if (!(ratio > 0)) return stay;
  const lowered = Math.max(damping / FACTOR, SMALLEST_DAMPING);
  return { move, damping: ratio < 0.25 ? raised : ratio > 0.75 ? lowered : damping };
}

// {move, damping} or {failure}: what the method does at `point` under `damping`.
export function propose(state, point, here, damping) {
  if (state.method === "levenberg_marquardt") return adaptiveStep(state, point, here, damping);
  const { direction, failure } = DIRECTIONS[state.method](here, damping);
  if (failure) return { failure };
  return { move: direction.map((x) => -state.learning_rate * x), damping };
}

function isStationary({ gradient: [x, y] }) {
  return Math.hypot(x, y) <= CONVERGED;
}

function kindOfRest({ hessian }) {
  return eigen(hessian).values[1] < 0 ? "saddle" : "converged";
}

// Points, losses and λ of every step until the last one, convergence, divergence or a step that does not exist.
export function descend(state) {
  const points = [state.start];
  const dampings = [startDamping(state)];
  let here = evaluate(state, state.start);
  const losses = [here.loss];
  const finish = (kind, step = points.length - 1) => ({ points, losses, dampings, outcome: { kind, step } });
  for (let k = 0; k < state.steps; k++) {
    if (isStationary(here)) return finish(kindOfRest(here));
    const proposal = propose(state, points[k], here, dampings[k]);
    if (proposal.failure) return finish(proposal.failure);
    const next = points[k].map((x, i) => x + proposal.move[i]);
    if (!(distanceToMinimum(state, next) <= ESCAPED)) return finish("diverged", k + 1);
    here = evaluate(state, next);
    points.push(next);
    losses.push(here.loss);
    dampings.push(proposal.damping);
  }
  return finish(isStationary(here) ? kindOfRest(here) : "ran");
}

// α and λ that reach the quadratic's minimum soonest, or null where no closed form exists.
export function optimum({ surface, method, condition_number }) {
  if (surface !== "quadratic" || method === "rank_one") return null;
  if (method === "gradient_descent") return { learning_rate: 2 / (condition_number + 1) };
  if (method === "levenberg_marquardt") return { damping: 0 };
  return method === "newton" ? { learning_rate: 1 } : { learning_rate: 1, damping: 0 };
}
