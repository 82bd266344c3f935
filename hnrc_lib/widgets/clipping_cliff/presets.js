// The bounds of every trait and the first settings (widget.py holds the same).
import { WINDOW } from "./cliff.js";
import { RULE_NAMES } from "./rules.js";

export const SCHEMA = {
  rule: { options: RULE_NAMES },
  threshold: { min: 0.001, max: 10 },
  damping: { min: 0.0001, max: 100 },
  learning_rate: { min: 0.001, max: 10 },
  steps: { min: 1, max: 200, integer: true },
  start: { point: WINDOW },
  current: { min: 1, max: 200, integer: true },
};

export const PRESET = { threshold: 0.2, damping: 1, learning_rate: 1, steps: 60, start: [5.6, -2] };
