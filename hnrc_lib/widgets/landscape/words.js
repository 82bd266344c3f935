// What the viewer says: names and the sentences that tell its state.
import { formatExact, formatNumber } from "../shared/format.js";

export const RUN_LABELS = [
  ["undamped", "Undamped"],
  ["clipped", "Clipped"],
  ["damped", "Damped"],
  ["decayed", "With decay"],
];
const NAMES = { undamped: "Undamped run", clipped: "Clipped run", damped: "Damped run", decayed: "Run with decay" };

export const KEYS = [
  ["undamped", "undamped"],
  ["clipped", "clipped"],
  ["damped", "damped"],
  ["decayed", "with decay"],
  ["own", "own loss"],
];

export const TITLES = { losses: "Loss by step; dashed: the plane’s" };

export function tellView({ turn, tilt, zoom }) {
  return `turned by ${formatExact(turn)}°, tilted by ${formatExact(tilt)}°, enlarged ${formatExact(zoom)}×`;
}

// Coordinates along u and v, from the start of the runs.
export function planePlace({ state, runs }, point) {
  const [start] = runs[0].path;
  return point.map((x, axis) => (x - start[axis]) * state.half_side);
}

export function tellMark(scene) {
  const [u, v] = planePlace(scene, scene.state.mark);
  return `loss ${formatNumber(scene.marked)} at u = ${formatNumber(u)}, v = ${formatNumber(v)}`;
}

export function tellStep(value, { state, last }) {
  return `${Math.min(value, last) * state.every} of ${last * state.every}`;
}

// The line under the plots: always the state itself, in words.
export function tellState(scene) {
  const { state, loss, below, beside, distance } = scene;
  const run = `${NAMES[state.run]}, step ${tellStep(state.current, scene)}: loss ${formatNumber(loss)}`;
  const where = `${formatNumber(distance)} from the start and ${formatNumber(beside)} beside the plane`;
  const plane = `whose loss below it is ${formatNumber(below)}`;
  return `${run}, ${where}, ${plane}. Marked: ${tellMark(scene)}. Seen ${tellView(state)}.`;
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

// What the plane holds, and what it does not.
export function tellShares({ state, share }) {
  const [all, own] = [state.explained[0] + state.explained[1], share].map(percent);
  return `The plane holds ${all} of the four runs’ squared distance from their start, ${own} of this one’s.`;
}
