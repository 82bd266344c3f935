// The Taylor models, the step of the second-order one inside the radius, and what becomes of the radius.
import { evaluate } from "./functions.js";

export const LEAST_RADIUS = 0.01;
export const GREATEST_RADIUS = 3;
export const BOUNDS = { poor: 0.25, good: 0.75 }; // of the gain ratio
export const ACCEPTANCE = 0.15;
const SETTLED = 1e-12; // a promise this small is rounding
const SAMPLES = 400;
const HALVINGS = 60;

export function firstOrder({ value, slope }, step) {
  return value + slope * step;
}

export function secondOrder({ value, slope, curvature }, step) {
  return value + step * (slope + (curvature * step) / 2);
}

// The minimiser of the second-order model over |s| ≤ radius, and the λ ≥ 0 with (h + λ)s = −g.
export function trustStep({ slope, curvature }, radius) {
  if (curvature > 0 && Math.abs(slope) <= curvature * radius)
    return { step: slope === 0 ? 0 : -slope / curvature, damping: 0, boundary: false };
  if (slope === 0 && curvature === 0) return { step: 0, damping: 0, boundary: false };
  const step = slope > 0 ? -radius : radius;
  return { step, damping: Math.abs(slope) / radius - curvature, boundary: true };
}

// Actual over predicted reduction of a step; null where nothing is promised.
export function judge(name, point, here, step) {
  const predicted = -step * (here.slope + (here.curvature * step) / 2);
  const actual = here.value - evaluate(name, point + step).value;
  return { predicted, actual, ratio: predicted > SETTLED ? actual / predicted : null };
}

// Nocedal and Wright (2006), algorithm 4.1: ÷ 4 below ¼, × 2 above ¾ if the radius held the step back.
export function nextRadius(radius, ratio, boundary) {
  if (ratio === null) return { verdict: "settled", next: radius };
  if (ratio < BOUNDS.poor) return { verdict: "shrink", next: Math.max(radius / 4, LEAST_RADIUS) };
  if (ratio > BOUNDS.good && boundary) return { verdict: "grow", next: Math.min(2 * radius, GREATEST_RADIUS) };
  return { verdict: "keep", next: radius };
}

// Everything that the views show of a state.
export function inspect({ function: name, point, radius }) {
  const here = evaluate(name, point);
  const move = trustStep(here, radius);
  const gain = judge(name, point, here, move.step);
  const rule = nextRadius(radius, gain.ratio, move.boundary);
  return { here, ...move, ...gain, ...rule, accepted: gain.ratio !== null && gain.ratio > ACCEPTANCE };
}

// The larger error of each model at point ± size.
export function modelErrors(name, point, here, size) {
  const errors = [0, 0];
  for (const step of [-size, size]) {
    const { value } = evaluate(name, point + step);
    [firstOrder, secondOrder].forEach((model, i) => {
      errors[i] = Math.max(errors[i], Math.abs(value - model(here, step)));
    });
  }
  return errors;
}

// The slopes of both errors on log–log axes where they are smallest.
export function errorSlopes(name, point) {
  const here = evaluate(name, point);
  const near = modelErrors(name, point, here, LEAST_RADIUS);
  const far = modelErrors(name, point, here, 2 * LEAST_RADIUS);
  return near.map((error, i) => Math.log2(far[i] / error));
}

function keepsTrust(name, point, here, radius) {
  const { ratio } = judge(name, point, here, trustStep(here, radius).step);
  return ratio !== null && ratio >= BOUNDS.poor;
}

// The radius beyond which no step grows, or null where even the least one is not to be trusted.
export function trustLimit(name, point) {
  const here = evaluate(name, point);
  const newton = here.curvature > 0 ? Math.abs(here.slope) / here.curvature : Infinity;
  const last = Math.min(newton, GREATEST_RADIUS);
  return last < LEAST_RADIUS || !keepsTrust(name, point, here, LEAST_RADIUS) ? null : last;
}

// The largest radius up to which every step keeps ρ ≥ ¼; null where even the least radius fails.
export function trustEnd(name, point) {
  const here = evaluate(name, point);
  const trusted = (radius) => keepsTrust(name, point, here, radius);
  const last = trustLimit(name, point);
  if (last === null) return null;
  let low = LEAST_RADIUS;
  for (let k = 1; k <= SAMPLES; k++) {
    let high = LEAST_RADIUS + ((last - LEAST_RADIUS) * k) / SAMPLES;
    if (trusted(high)) {
      low = high;
      continue;
    }
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (low + high) / 2;
      if (trusted(middle)) low = middle;
      else high = middle;
    }
    return low;
  }
  return last;
}
