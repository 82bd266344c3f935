// The point and radius each function starts with, and the bounds of every trait (widget.py holds the same).
import { clamp } from "../shared/scale.js";
import { FUNCTION_NAMES, WINDOW } from "./functions.js";
import { GREATEST_RADIUS, inspect, LEAST_RADIUS, trustEnd, trustLimit } from "./models.js";

export const SCHEMA = {
  function: { options: FUNCTION_NAMES },
  point: { min: WINDOW[0], max: WINDOW[1] },
  radius: { min: LEAST_RADIUS, max: GREATEST_RADIUS },
};

const SETTINGS = { well: [0.2, 1.5], saddle: [-2.2, 1.5], cliff: [-1, 2.2], kink: [-1, 1.5] };

export function preset(name) {
  const [point, radius] = SETTINGS[name];
  return { function: name, point, radius };
}

// One step of the method: moves if the gain ratio allows it, and sets the radius by the rule.
export function advance(state) {
  const { accepted, step, next } = inspect(state);
  return { point: accepted ? clamp(state.point + step, ...WINDOW) : state.point, radius: next };
}

// The radius where trust ends, rounded down so that it still holds; null where there is none.
// Without the search that `optimum` makes.
export function hasOptimum({ function: name, point }) {
  return trustLimit(name, point) !== null;
}

export function optimum({ function: name, point }) {
  const end = trustEnd(name, point);
  return end === null ? null : { radius: Math.max(LEAST_RADIUS, Math.floor(end * 1000 + 1e-6) / 1000) };
}
