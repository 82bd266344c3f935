// The bounds of every trait (widget.py holds the same) and the settings a reader returns to.
import { optimum, SCALES, SOURCES } from "./density.js";

export const GREATEST_DAMPING = 10;
const ANY_TEXT = /^[^]*$/;

export const SCHEMA = {
  stage: { min: 1, max: 64, integer: true },
  damping: { min: 0, max: GREATEST_DAMPING },
  scale: { options: SCALES },
  source: { options: SOURCES },
  eigenvalues: { packed: 2 },
  nodes: { packed: 2 },
  weights: { packed: 2 },
  epochs: { packed: 2 },
  caption: { text: ANY_TEXT },
};

export function first({ epochs }) {
  return { stage: epochs.shape[0], damping: 0.01, scale: "symlog", source: "exact" };
}

// The least damping of this stage that makes H + λI positive definite; null where none is needed.
export function best({ needed }) {
  return needed > 0 ? { damping: Math.min(optimum(needed), GREATEST_DAMPING) } : null;
}
