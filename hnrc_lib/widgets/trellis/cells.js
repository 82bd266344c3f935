// Where the trellis's cells lie: frames from left to right, states from top to bottom, the sound above.
import { clamp } from "../shared/scale.js";

export const MARGIN = { left: 46, right: 8, top: 4, bottom: 20 };
const SOUND = 0.1; // of the height
const GAP = 8;
const RANGE = 15; // nats below the best of a frame where the shading ends
const FAINTEST = 0.06; // of what can be reached

export function cellLayout({ width, height }, frames, states) {
  const sound = { top: MARGIN.top, height: SOUND * height };
  const top = sound.top + sound.height + GAP;
  const across = (width - MARGIN.left - MARGIN.right) / frames;
  const down = (height - top - MARGIN.bottom) / states;
  return {
    sound,
    top,
    across,
    down,
    left: MARGIN.left,
    bottom: top + down * states,
    centre: (t, s) => [MARGIN.left + (t + 0.5) * across, top + (s + 0.5) * down],
    cellAt: ([x, y]) => [
      clamp(Math.floor((x - MARGIN.left) / across), 0, frames - 1),
      clamp(Math.floor((y - top) / down), 0, states - 1),
    ],
  };
}

// Opacity of a cell: of a posterior itself, of a logarithm by how far it lies below the best of its frame.
export function shade(quantity, value, best) {
  if (quantity === "posterior") return value;
  if (value === -Infinity) return 0;
  return clamp(1 + (value - best) / RANGE, FAINTEST, 1);
}

// Whether the recursion, stopped at `frame`, has reached column t.
export function reached(quantity, t, frame) {
  if (quantity === "posterior") return true;
  return quantity === "backward" ? t >= frame : t <= frame;
}
