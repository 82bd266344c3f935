// The settings each surface and method start with, and the bounds of every trait (widget.py holds the same).
import { METHOD_NAMES } from "./methods.js";
import { SURFACE_NAMES, WINDOW } from "./surfaces.js";

export const SCHEMA = {
  surface: { options: SURFACE_NAMES },
  method: { options: METHOD_NAMES },
  condition_number: { min: 1, max: 100 },
  damping: { min: 0, max: 1000 },
  learning_rate: { min: 0.0001, max: 2 },
  steps: { min: 1, max: 200, integer: true },
  start: { point: WINDOW },
  current: { min: 0, max: 200, integer: true },
};

const STARTS = { quadratic: [-1.7, 2.1], saddle: [-1.8, 0.2], rosenbrock: [-1.2, 1] };

// [damping, learning_rate, steps]
const SETTINGS = {
  quadratic: {
    gradient_descent: [0, 0.05, 40],
    newton: [0, 1, 10],
    damped_newton: [4, 1, 20],
    rank_one: [5, 1, 40],
    levenberg_marquardt: [10, 1, 20],
  },
  saddle: {
    gradient_descent: [0, 0.1, 40],
    newton: [0, 1, 10],
    damped_newton: [3, 1, 40],
    rank_one: [5, 1, 40],
    levenberg_marquardt: [1, 1, 40],
  },
  rosenbrock: {
    gradient_descent: [0, 0.001, 200],
    newton: [0, 1, 10],
    damped_newton: [5, 1, 60],
    rank_one: [10, 1, 200],
    levenberg_marquardt: [1, 1, 40],
  },
};

export const PRESET_CONDITION = 20;

export function preset(surface, method) {
  const [damping, learning_rate, steps] = SETTINGS[surface][method];
  return { damping, learning_rate, steps, current: 0 };
}

export function presetStart(surface) {
  return STARTS[surface];
}
