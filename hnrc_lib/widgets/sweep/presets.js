// The bounds of every trait (widget.py holds the same) and the settings a reader returns to.
import { MEASURES } from "./sweep.js";

const MOST = 16;
const POSITION = { min: 1, max: MOST, integer: true };
const ANY_TEXT = /^[^]*$/;

export const SCHEMA = {
  damping: POSITION,
  decay: POSITION,
  clip: POSITION,
  measure: { options: MEASURES },
  pinned: { point: [[0, MOST], [0, MOST], [0, MOST]] }, // prettier-ignore
  axis_damping: { packed: 1 },
  axis_decay: { packed: 1 },
  axis_clip: { packed: 1 },
  steps: { packed: 1 },
  train_loss: { packed: 5 },
  test_error: { packed: 5 },
  grad_norm: { packed: 5 },
  clipped: { packed: 4 },
  heard: { packed: 5 },
  digits: { packed: 1 },
  sounds: { packed: 1 },
  lengths: { packed: 1 },
  titles: { text: ANY_TEXT },
  caption: { text: ANY_TEXT },
};

export const FIRST = { damping: 1, decay: 1, clip: 1, measure: "loss", pinned: [0, 0, 0] };

// The combination with the least mean of the measure at the end, among those of which no run diverged.
export function best({ sweep, state }) {
  const whole = sweep.cells.filter((cell) => !cell.diverged);
  if (!whole.length) return null;
  const least = whole.reduce((a, b) => (b.final[state.measure] < a.final[state.measure] ? b : a));
  const [damping, decay, clip] = least.at.map((place) => place + 1);
  return { damping, decay, clip };
}
