// A symmetric 2 × 2 Hessian, its damped and its rank-one corrected inverse, the steps and their lengths: pure
// numbers, the same as in reference.py. null stands for what does not exist.
import { clamp } from "../shared/scale.js";

const ROUNDING = 1e-12; // relative size below which a sum of opposite terms counts as zero

export const WINDOW = 3.2; // half the side of the plane
export const LARGEST = 3; // of the lengths ‖g‖ drawn
export const SMALLEST = 0.05; // of those a drag gives, so that g keeps its direction

export const SCHEMA = {
  eigenvalues: {
    point: [
      [-2, 4],
      [-2, 4],
    ],
  },
  rotation: { min: -180, max: 180 },
  damping: { min: 0, max: 8 },
  gradient: {
    point: [
      [-2, 2],
      [-2, 2],
    ],
  },
};

export const FIRST = { eigenvalues: [2, 0.2], rotation: 30, damping: 0.5, gradient: [-0.4, -1.4] };

function inner([a, b], [c, d]) {
  return a * c + b * d;
}

function along(parts, vectors) {
  return [0, 1].map((i) => parts[0] * vectors[0][i] + parts[1] * vectors[1][i]);
}

// e₁ and e₂, the directions that H only stretches.
export function eigenvectors({ rotation }) {
  const angle = (rotation * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [
    [cosine, sine],
    [-sine, cosine],
  ];
}

export function applyHessian(state, vector) {
  const vectors = eigenvectors(state);
  return along(
    state.eigenvalues.map((h, i) => h * inner(vectors[i], vector)),
    vectors,
  );
}

// 1/(a + b), or null where the two cancel.
function reciprocal(a, b) {
  return Math.abs(a + b) <= ROUNDING * (Math.abs(a) + Math.abs(b)) ? null : 1 / (a + b);
}

// (H + λI)⁻¹: its eigenvalues, whether H + λI is positive definite, and −(H + λI)⁻¹g.
export function dampedMap(state) {
  const vectors = eigenvectors(state);
  const scales = state.eigenvalues.map((h) => reciprocal(h, state.damping));
  if (scales.includes(null)) return { kind: "singular", scales, step: null };
  const kind = scales.every((scale) => scale > 0) ? "positive definite" : "not positive definite";
  const parts = scales.map((scale, i) => -scale * inner(vectors[i], state.gradient));
  return { kind, scales, step: along(parts, vectors) };
}

// (λI + H₁)⁻¹ with H₁ = uuᵀ/gᵀu, u = Hg: `scales` holds its eigenvalues along `direction` = u/‖u‖ and across it.
// Where H₁ is undefined or λI + H₁ singular, the step is the part of −g/λ across u, and nothing is left along u.
export function rankOneMap(state) {
  const { damping, gradient } = state;
  if (damping === 0) return { kind: "undamped", direction: null, eigenvalue: null, scales: null, step: null };
  const image = applyHessian(state, gradient);
  const length = Math.hypot(...image);
  const whole = gradient.map((x) => -x / damping);
  const round = { direction: null, eigenvalue: 0, scales: [1 / damping, 1 / damping], step: whole };
  if (length === 0) return { kind: "positive definite", ...round };
  const direction = image.map((x) => x / length);
  const part = inner(direction, gradient);
  const across = gradient.map((x, i) => (direction[i] * part - x) / damping);
  const flat = { direction, scales: [0, 1 / damping], step: across };
  if (Math.abs(part) <= ROUNDING * Math.hypot(...gradient))
    return { kind: "undefined", eigenvalue: null, ...flat };
  const eigenvalue = length / part;
  const scale = reciprocal(damping, eigenvalue);
  if (scale === null) return { kind: "singular", eigenvalue, ...flat };
  const kind = scale > 0 ? "positive definite" : "not positive definite";
  const step = across.map((x, i) => x - direction[i] * part * scale);
  return { kind, direction, eigenvalue, scales: [scale, 1 / damping], step };
}

// Lengths of the steps of a gradient of length `size` along g: both curvature steps are straight lines.
export function stepLengths({ damping }, slopes, size) {
  const root = Math.sqrt(damping + size * size);
  const bounded = size > 0 || damping > 0;
  return {
    damped: slopes.damped === null ? null : slopes.damped * size,
    rank_one: slopes.rank_one === null ? null : slopes.rank_one * size,
    normalised: bounded ? size / root / root : null,
    smooth: bounded ? size / root : null,
    clipped: bounded ? Math.min(size / Math.sqrt(damping), 1) : null,
  };
}

// The highest point of ‖g‖/(λ + ‖g‖²), or null where it grows without bound.
export function peakOf({ damping }) {
  return damping > 0 ? { at: Math.sqrt(damping), height: 1 / (2 * Math.sqrt(damping)) } : null;
}

// Whether a step goes "uphill", "downhill" or neither ("level"), to first order.
function headingOf(step, gradient) {
  const slope = inner(step, gradient);
  if (Math.abs(slope) <= ROUNDING * Math.hypot(...step) * Math.hypot(...gradient)) return "level";
  return slope > 0 ? "uphill" : "downhill";
}

// Everything that the views show of a state.
export function inspect(state) {
  const size = Math.hypot(...state.gradient);
  const damped = dampedMap(state);
  const rankOne = rankOneMap(state);
  const slope = (step) => (step === null || size === 0 ? null : Math.hypot(...step) / size);
  const slopes = { damped: slope(damped.step), rank_one: slope(rankOne.step) };
  const heading = (step) => (step === null ? null : headingOf(step, state.gradient));
  return {
    vectors: eigenvectors(state),
    size,
    damped: { ...damped, heading: heading(damped.step) },
    rankOne: { ...rankOne, heading: heading(rankOne.step) },
    slopes,
    lengths: stepLengths(state, slopes, size),
    peak: peakOf(state),
  };
}

// The λ at which g/(λ + ‖g‖²) is at its peak for the present g, or null without a gradient.
export function peakDamping({ gradient }) {
  const square = inner(gradient, gradient);
  return square > 0 ? Math.min(square, SCHEMA.damping.max) : null;
}

// g made `size` long, or as long as its bounds allow; without a direction, straight down.
export function withLength(gradient, size) {
  const length = Math.hypot(...gradient);
  const direction = length > 0 ? gradient.map((x) => x / length) : [0, -1];
  const longest = SCHEMA.gradient.point[0][1] / Math.max(...direction.map(Math.abs));
  return direction.map((x) => clamp(x * Math.min(size, longest), ...SCHEMA.gradient.point[0]));
}
