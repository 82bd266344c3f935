// What the linked views show at one step of a run: pure numbers.
import { propose } from "./methods.js";
import { distanceToMinimum, eigen, evaluate } from "./surfaces.js";

function dot([a, b], [c, d]) {
  return a * c + b * d;
}

// Share of the distance to the quadratic model's stationary point that a step removes along an eigenvector:
// 1 is exact, 0 stays, between 0 and 2 the distance shrinks.
export function stepFactor({ method, learning_rate: rate }, eigenvalue, damping, gradientPart, movePart) {
  if (method === "gradient_descent") return rate * eigenvalue;
  if (method === "newton") return rate;
  if (method === "damped_newton") return (rate * eigenvalue) / (eigenvalue + damping);
  return gradientPart === 0 ? NaN : (-movePart * eigenvalue) / gradientPart;
}

function share(part, whole) {
  return whole > 0 ? Math.abs(part) / whole : 0;
}

// State of the run at step k, at most its last: the point, its spectrum, and the step that leaves it.
export function inspectStep(state, run, wanted) {
  const k = Math.min(wanted, run.points.length - 1);
  const point = run.points[k];
  const damping = run.dampings[k];
  const here = evaluate(state, point);
  const { values, vectors } = eigen(here.hessian);
  const { move, failure } = propose(state, point, here, damping);
  const gradientParts = vectors.map((vector) => dot(vector, here.gradient));
  const moveParts = vectors.map((vector) => (failure ? 0 : dot(vector, move)));
  const wholes = [Math.hypot(...gradientParts), Math.hypot(...moveParts)];
  return {
    k,
    point,
    damping,
    values,
    failure: failure ?? null,
    loss: here.loss,
    distance: distanceToMinimum(state, point),
    positive: values[1] + damping > 0,
    parts: vectors.map((vector, i) => vector.map((x) => moveParts[i] * x)),
    shares: values.map((_, i) => ({
      gradient: share(gradientParts[i], wholes[0]),
      step: share(moveParts[i], wholes[1]),
    })),
    factors: values.map((h, i) =>
      failure ? NaN : stepFactor(state, h, damping, gradientParts[i], moveParts[i]),
    ),
  };
}
