// The damping explorer's sliders, choices, buttons and handle, and how they show the state.
import { button, segmented, selectBox, sliderRows } from "../shared/controls.js";
import { formatExact } from "../shared/format.js";
import { planeHandle } from "../shared/handle.js";
import { integerPositions, logPositions } from "../shared/scale.js";
import { showWalk } from "../shared/walk.js";
import { optimum } from "./methods.js";
import { planeScales } from "./plane.js";
import { SCHEMA } from "./presets.js";
import { WINDOW } from "./surfaces.js";
import { METHOD_LABELS, SURFACE_LABELS, tellPoint } from "./words.js";

const UNUSED = { disabled: true, note: "not used" };
const USED = { disabled: false };

const SLIDERS = {
  damping: ["damping", "λ", logPositions({ low: 0.001, high: SCHEMA.damping.max, zero: true })],
  learning_rate: [
    "step length",
    "α",
    logPositions({ low: SCHEMA.learning_rate.min, high: SCHEMA.learning_rate.max }),
  ],
  steps: ["number of steps", "", integerPositions({ low: SCHEMA.steps.min, high: SCHEMA.steps.max })],
  condition_number: [
    "condition number",
    "κ",
    logPositions({ low: SCHEMA.condition_number.min, high: SCHEMA.condition_number.max }),
  ],
  current: ["step shown", "k", integerPositions({ low: SCHEMA.current.min, high: SCHEMA.current.max })],
};

// Everything a reader operates; `act` holds what the choices do.
export function buildControls(frame, stages, act, signal) {
  const surface = segmented({
    label: "Surface",
    options: SURFACE_LABELS,
    changed: act.chooseSurface,
    signal,
  });
  const method = selectBox({ label: "method", options: METHOD_LABELS, changed: act.chooseMethod, signal });
  frame.bar.append(surface.element, method.element);
  const placeOf = (name) => (name === "current" ? frame.losses.panel : frame.sliders);
  const sliders = sliderRows(SLIDERS, { placeOf, format: formatExact, write: act.write, signal });
  const play = button({ label: "Play", title: "Walk through the steps", clicked: act.walk.toggle, signal });
  const optimal = button({ label: "Optimal", clicked: act.optimal, signal });
  const title = "Back to the first settings of this surface and method";
  const reset = button({ label: "Reset", title, clicked: act.reset, signal });
  sliders.current.element.before(play.element);
  frame.buttons.append(optimal.element, reset.element);
  const handle = planeHandle({
    plane: frame.plane,
    stage: stages.plane,
    scalesOf: planeScales,
    label: "Start point θ₀",
    bounds: WINDOW,
    describe: tellPoint,
    moved: (start) => act.write({ start, current: 0 }),
    signal,
  });
  return { surface, method, sliders, play, optimal, handle, playing: act.walk.playing };
}

// Shows the state; `shown` is the step in view, `last` the last there is.
export function updateControls(controls, state, { shown, last }) {
  const { surface, method } = state;
  controls.surface.update(surface);
  controls.method.update(method);
  const { damping, learning_rate: rate, steps, condition_number: condition, current } = controls.sliders;
  damping.update(state.damping, method === "gradient_descent" || method === "newton" ? UNUSED : USED);
  rate.update(state.learning_rate, method === "levenberg_marquardt" ? UNUSED : USED);
  steps.update(state.steps);
  condition.update(state.condition_number, surface === "quadratic" ? USED : UNUSED);
  const { play, playing } = controls;
  showWalk({ row: current, play }, { shown, last, end: state.steps, playing: playing() });
  const best = optimum(state);
  const hint = best
    ? "Set the α and λ that reach this minimum soonest"
    : "No closed form for this surface and method";
  controls.optimal.update({ disabled: !best, hint });
  controls.handle.update(state.start);
}
